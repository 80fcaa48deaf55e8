"""Which client a virtual user has: chosen once, when the plan is known, so that no request pays for what it does not use."""

from collections.abc import Mapping
from typing import Final

from perfkit.load.plan import Transport
from perfkit.load.plane.client import Client
from perfkit.load.plane.conversation_client import ConversationClient
from perfkit.load.plane.http2_client import Http2Client

CLIENTS: Final[Mapping[Transport, type[Client]]] = {
    "http/1.1": Client,
    "http/2": Http2Client,
    "conversations": ConversationClient,
}
