# SPDX-License-Identifier: BSD-3-Clause
"""sigv4_requests.py - random requests that are hard to sign: paths, queries, headers and bodies."""

PATH_BYTES = "ABCXYZabcxyz0189-._~!$&'()*+,;=:@[]"
QUERY_BYTES = "ABCXYZabcxyz0189-._~!$'()*,;:@/?[]"
VALUE_BYTES = "ABCXYZabcxyz0189 -._~!\"#$%&'()*+,/:;<=>?@[\\]^`{|}éß漢"
PATHS = ["/", "//", "/./", "/../", "/a/../b", "/a/./b/", "/a//b///c", "/a/b/../../c/", "/..a/.b/...", "/%2e%2E/x",
         "/a%20b", "/a+b", "/%c3%a9%C3%A9", "/%41%7e", "/a=b;c=d", "/a:b@c", "/(x)*'!$&,", "/%25", "/%2525", "/[x]",
         "/../../../etc/passwd", "/a/%2F/b", "/~user/-._~", "/%00%ff"]
QUERIES = ["", "a", "a=", "=a", "=", "a=b=c", "a&a", "a=&a", "b=1&a=2", "a=2&a=1&a=10", "a&&b", "&a", "a&", "&",
           "x=%2f%2F", "%61=%41", "a=%20b", "a=%2B", "a=%25", "A=1&a=1&_=1&-=1&~=1&%C3%A9=1", "a-b=1&a=1&a_b=1&aB=1",
           "a=%00", "a=%ff%FE", "a[]=1&a[0]=2", "q=a;b", "u=http://x/?y:z@w", "k=!'()*", "lifecycle", "a=1&b&c=", "?",
           "a==", "%3D=%26", "list-type=2&prefix=&delimiter=/"]
NAMES = ["X-One", "x-one", "X-ONE", "X-Two", "x_two", "Accept", "Range", "Cache-Control", "If-Match", "X-A.b", "X-A!b",
         "X-A-b", "X-A~b", "x-amz-meta-One", "X-Amz-Meta-two", "x-amz-acl", "X-Amz-Target", "Date", "zz", "A",
         "User-Agent", "X-Amzn-Trace-Id"]
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"]
TYPES = ["application/json", "text/plain; charset=utf-8", "application/x-amz-json-1.1", "Application/Octet-Stream"]


def piece(dice, raw):
    """A byte as it is, or as %XX."""
    if dice.random() < 0.2:
        return "%" + dice.choice(["%02x", "%02X"]) % dice.randrange(256)
    return dice.choice(raw)


def word(dice, raw, sizes):
    return "".join(piece(dice, raw) for _ in range(dice.choice(sizes)))


def random_path(dice):
    if dice.random() < 0.3:
        return dice.choice(PATHS)
    segments = [dice.choice(["", ".", "..", "%2E", "..."]) if dice.random() < 0.2
                else word(dice, PATH_BYTES, (1, 3, 12)) for _ in range(dice.choice([1, 2, 3, 7]))]
    return "/" + "/".join(segments) + dice.choice(["", "", "/"])


def settled_path(dice):
    """AWS's own libraries differ in whether "/a/.." and "/a/." end in a slash; nobody sends that."""
    path = random_path(dice)
    return path + "/" if path.endswith(("/.", "/..")) else path


def s3_path(dice):
    """S3 reads %2F as a slash and, where libraries disagree, a plus as a space; no key has to be written so."""
    path = settled_path(dice).replace("+", "%2B")
    return path.replace("%2F", "%2E").replace("%2f", "%2e")


def random_query(dice):
    if dice.random() < 0.3:
        return dice.choice(QUERIES)
    names = [word(dice, QUERY_BYTES, (0, 1, 2, 8)) for _ in range(dice.choice([1, 2, 4]))]
    pairs = [dice.choice(names) + dice.choice(["", "=", "=" + word(dice, QUERY_BYTES + "=", (1, 2, 20))])
             for _ in range(dice.choice([0, 1, 2, 4, 9]))]
    return "&".join(pairs)


def random_target(dice, service):
    query = random_query(dice)
    path = s3_path(dice) if service == "s3" else settled_path(dice)
    return path + ("?" + query if query or dice.random() < 0.05 else "")


def random_headers(dice, body):
    headers = []
    for _ in range(dice.choice([0, 1, 2, 6])):
        value = "".join(dice.choice(VALUE_BYTES) for _ in range(dice.choice([0, 1, 5, 40])))
        if dice.random() < 0.3:
            value = "  " + value.replace("a", "   ") + "  "
        headers.append((dice.choice(NAMES).encode(), value.encode()))
    if body is not None and dice.random() < 0.6:
        headers.insert(dice.randint(0, len(headers)), (b"Content-Type", dice.choice(TYPES).encode()))
    return headers


def random_body(dice):
    if dice.random() < 0.4:
        return None
    return dice.randbytes(dice.choice([0, 1, 20, 300]))


def random_request(dice, service):
    body = random_body(dice)
    return dice.choice(METHODS), random_target(dice, service), body, random_headers(dice, body)
