"""Charters, and the boards of the territories that want a label."""

from django.urls import URLPattern

from totem.territories.urls import WORKSPACE

app_name = "labels"
BOARD = f"{WORKSPACE}labels/<slug:board>/"

public: list[URLPattern] = []  # charters, and boards that are shown to everybody: views/public.py
boards: list[URLPattern] = []  # boards, criteria, judgements, evaluations: views/boards.py
evidence: list[URLPattern] = []  # figures and observations: views/evidence.py
governance: list[URLPattern] = []  # bodies, offices, money: views/governance.py
together: list[URLPattern] = []  # the matrix and the search for partners: views/together.py

urlpatterns = [*public, *boards, *evidence, *governance, *together]
