"""What every connector that speaks HTTP stands on: the only importer of httpx.

A connector asks a `Client` for an `Answer` and hears of failures in the words of `caretool.errors`. Reads are retried
by themselves, a few times and for seconds only; writes never, and a write that may have reached its server without an
answer is `AnswerLost`. A token goes to the account's own origin (scheme, host, port), nowhere else, and into no text.
"""

from caretool.http.answer import Answer as Answer
from caretool.http.answer import NotTaken as NotTaken
from caretool.http.answer import Refused as Refused
from caretool.http.answer import retry_after as retry_after
from caretool.http.client import Client as Client
