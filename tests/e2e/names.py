# SPDX-License-Identifier: BSD-3-Clause
"""A header that a server may take for another one is that other one.

CGI and what came from it write X-API-Key and X_API_Key the same.  Breaks when a
caller can set, in such a spelling, what the provider or the library sets.
"""

import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from harness import case, main  # noqa: E402


@case("X_API_KEY is refused where the provider sets X-API-Key")
def _(sandbox):
    sandbox.add("key", "api-key", secret="api-key-canary", field="key", endpoint="http://127.0.0.1:1/")
    sandbox.fails(6, "sign", "key", "", "X_API_KEY:mine", saying="X-API-Key")
    sandbox.ok("sign", "key", "", "X-Other:mine", may_print_secret=True)


@case("Content_Length and Proxy_Authorization are the library's and the profile's")
def _(sandbox):
    sandbox.sixconnect()
    for name in ("Content_Length", "transfer_encoding", "Proxy_Authorization", "COOKIE"):
        sandbox.fails(6, "sign", "lab", "", name + ":1", saying=name)


if __name__ == "__main__":
    main()
