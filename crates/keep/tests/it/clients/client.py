"""Uses Keep's tools by the protocol's own client: over pipes, and over HTTP in both eras."""

import asyncio
import json
import sys

import httpx2
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

keep, token_file, url, token = sys.argv[1:]


async def use(client, way):
    async with client:
        names = [tool.name for tool in (await client.list_tools()).tools]
        assert {"remember", "recall", "exec", "try", "artifact_put"} <= set(names), names
        made = await client.call_tool("remember", {"text": f"The heron nests by the {way}"})
        assert not made.is_error, made
        found = await client.call_tool("recall", {"question": f"what nests by the {way}?"})
        assert made.structured_content["id"] in json.dumps(found.structured_content), found
        heard = []

        async def hear(progress, total, message):
            heard.append((progress, message))

        ran = await client.call_tool("exec", {"command": "echo begun; sleep 1; echo ended"}, progress_callback=hear)
        assert ran.structured_content["output"]["text"] == "begun\nended\n", ran
        assert heard == sorted(heard) and heard, heard
        wrong = await client.call_tool("exec", {"line": "ls"})
        assert wrong.is_error, wrong
        print(json.dumps({"way": way, "tools": len(names), "progress": len(heard)}))


def over_http(mode):
    http = httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"})
    return Client(streamable_http_client(url, http_client=http), mode=mode)


async def main():
    words = ["--token-file", token_file, "mcp"]
    import os

    await use(Client(StdioServerParameters(command=keep, args=words, env=dict(os.environ))), "pipes")
    await use(over_http("auto"), "http")
    await use(over_http("legacy"), "older http")


asyncio.run(main())
