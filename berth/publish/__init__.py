"""Tenants' objects as files of the deploy repo (`delivery: git`), and the one commit that brings them there."""

from berth.publish.commit import Change, Publication, prepare
from berth.publish.files import client_ids_in, files_of

__all__ = ["Change", "Publication", "client_ids_in", "files_of", "prepare"]
