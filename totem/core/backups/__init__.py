"""Backups: one file with the database and the files of people, made while Totem serves, and restored exactly."""


class BackupRefused(Exception):
    """A backup that cannot be made or restored; the message is one sentence for the operator. Nothing has changed."""
