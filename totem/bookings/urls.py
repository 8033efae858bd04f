"""Booking a space, one's own bookings, and the front desk."""

from django.urls import path, register_converter

from totem.bookings.views import (
    answers,
    booking,
    desk,
    ending,
    guest,
    invoicing,
    limits,
    listing,
    mine,
    notifications,
    people,
    receiving,
)
from totem.core.codes import ReferenceConverter

register_converter(ReferenceConverter, "reference")

app_name = "bookings"
DESK = "lieux/<slug:slug>/accueil/"
LIST = "lieux/<slug:slug>/reservations/"
PEOPLE = "lieux/<slug:slug>/gestion/membres/"
urlpatterns = [
    path("lieux/<slug:slug>/espaces/<slug:space>/reserver/", booking.book, name="book"),
    path("reservations/", mine.mine, name="mine"),
    path("reservations/<reference:reference>/", mine.detail, name="detail"),
    path("reservations/<reference:reference>/code/", guest.code, name="code"),
    path("reservations/<reference:reference>/annuler/", mine.cancel, name="cancel"),
    path("reservations/<reference:reference>/deplacer/", mine.move, name="move"),
    path("reservations/<reference:reference>/fin/", ending.end, name="end"),
    path("reservations/<reference:reference>/agenda.ics", mine.calendar, name="calendar"),
    path(LIST, listing.bookings_list, name="list"),
    path(f"{LIST}liste.csv", listing.bookings_file, {"extension": "csv"}, name="list_csv"),
    path(f"{LIST}liste.xlsx", listing.bookings_file, {"extension": "xlsx"}, name="list_xlsx"),
    path("lieux/<slug:slug>/facturation/reservations/", invoicing.to_invoice, name="to_invoice"),
    path("lieux/<slug:slug>/facturation/reservations/<reference:reference>/", invoicing.leave_out, name="not_invoiced"),
    path(DESK, desk.desk, name="desk"),
    path(f"{DESK}passage/", desk.walk_in, name="walk_in"),
    path(f"{DESK}recevoir/", receiving.receive, name="receive"),
    path(f"{DESK}limites/", limits.limits_page, name="limits"),
    path(f"{DESK}avis/", notifications.notifications, name="notifications"),
    path(f"{DESK}limites/fin/", limits.end_lift, name="end_lift"),
    path(f"{DESK}pannes/<int:pk>/fin/", desk.end_outage, name="end_outage"),
    path(f"{DESK}<reference:reference>/accord/", desk.act, {"deed": "approve"}, name="approve"),
    path(f"{DESK}<reference:reference>/demande/", answers.request_page, name="request"),
    path(f"{DESK}<reference:reference>/refus/", answers.request_page, name="refuse"),
    path(f"{DESK}<reference:reference>/ferme/", desk.act, {"deed": "confirm_hold"}, name="confirm_hold"),
    path(f"{DESK}<reference:reference>/arrivee/", desk.act, {"deed": "check_in"}, name="check_in"),
    path(f"{DESK}<reference:reference>/arrivee/annuler/", desk.act, {"deed": "undo_check_in"}, name="undo_check_in"),
    path(f"{DESK}<reference:reference>/depart/", desk.act, {"deed": "check_out"}, name="check_out"),
    path(f"{DESK}<reference:reference>/depart/annuler/", desk.act, {"deed": "undo_check_out"}, name="undo_check_out"),
    path(f"{DESK}<reference:reference>/absence/", desk.act, {"deed": "mark_absent"}, name="mark_absent"),
    path(f"{DESK}<reference:reference>/absence/annuler/", desk.act, {"deed": "undo_absent"}, name="undo_absent"),
    path(PEOPLE, people.people, name="people"),
    path(f"{PEOPLE}liste.csv", people.people_file, {"extension": "csv"}, name="people_csv"),
    path(f"{PEOPLE}liste.xlsx", people.people_file, {"extension": "xlsx"}, name="people_xlsx"),
    path(f"{PEOPLE}personnes/<int:pk>/", people.person, name="person"),
    path(f"{PEOPLE}personnes/<int:pk>/carte/", people.card, name="card"),
    path(f"{PEOPLE}notes/<int:pk>/retirer/", people.remove_note, name="note_remove"),
]
