"""Faxes that go out: a spool of jobs, tried until they are sent or cannot be.

=========================== =======================================================================
:mod:`~.jobs`               what a job and a try are
:mod:`~.policy`             what is done after a try that failed; pure, a table
:mod:`~.destination`        whom to call: numbers and dial strings, and what they must not hold
:mod:`~.settings`           what the operator says
:mod:`~.documents`          pages, kept in the spool until they are sent
:mod:`~.spool`              the jobs on disk (sqlite3); all SQL is there and in :mod:`~.schema`
:mod:`~.presence`           which processes are alive
:mod:`~.desk`               the spool for the event loop
:mod:`~.sending`            what an endpoint asks and tells when a call comes to it
:mod:`~.dispatch`           due jobs become calls of FreeSWITCH
:mod:`~.office`             all of this for a server
=========================== =======================================================================

Nothing is lost or sent twice, whenever a process dies:

- a job is in the spool, with its pages, before ``send`` says its number;
- a try is in the spool before FreeSWITCH is asked for its call, with the UUID that the call will
  have. A job has one try at a time; the database insists on it. A call whose process died is
  killed before the next try begins, and one that comes to the endpoint all the same, late, is
  refused there, because its try is over;
- each page that the far end confirmed is in the spool before the next thing is done. The next try
  begins with the first page that is not there; when all are, the job is sent, whatever became of
  the call. The one moment at which a death has a page sent again is between the last sample of
  its MCF and the end of the disk's write that follows. No protocol can close that: the far end
  has the page, and nobody here has been told.
"""
