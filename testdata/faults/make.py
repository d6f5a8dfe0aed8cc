#!/usr/bin/env python3
"""Writes a log in which a signer has each known fault in turn, each on a host of its own.

    python3 make.py DIR

DIR then holds faults.log (nginx's combined with $host and $request_time behind it), faults.yaml with the key files
it names, and truth.json, which says what is to be found. Nothing is taken from the program that is tested: the
schemes are written down here from the vendors' pages, with hashlib and hmac. The same bytes come out every time.

On every host 60 links are right and were served, 60 bear the fault and were refused, each to a viewer of its own;
where links are bound to an address, 5 right ones were served at their address and refused at another.
"""
import base64, hashlib, hmac, json, os, random, re, socket, sys, time, unicodedata
from urllib.parse import quote, unquote

EACH, MOVED = 60, 5
START = 1795168800  # 2026-11-20T10:00:00Z
LIFE = 14400
PROXY = "203.0.113.80"
DICE = random.Random(20261120)
AGENTS = ["Mozilla/5.0 (X11; Linux x86_64) Firefox/132.0", "AppleCoreMedia/1.0.0.22A3351 (iPhone)", "ExoPlayerLib/2.19.1", "VLC/3.0.20 LibVLC/3.0.20"]

def url64(b): return base64.urlsafe_b64encode(b).decode().rstrip("=")
def std64(b): return base64.b64encode(b).decode()
def md5(key, message): return hashlib.md5(message).digest()
def sha256(key, message): return hashlib.sha256(message).digest()
def mac(name): return lambda key, message: hmac.new(key, message, name).digest()
def directory(path): return path[:path.rindex("/") + 1]
def text(address): return address.encode()
def packed(address): return socket.inet_pton(socket.AF_INET6 if ":" in address else socket.AF_INET, address)
def halved(address): return packed(address)[:8] + bytes(8) if ":" in address else packed(address)
def slash24(address): return address[:address.rindex(".")] + ".0"


class Scheme:
    """How an edge makes the digest of a link, and where the link carries it.

    message(link) is what is hashed; place(link, token) is the target; address(text) is None where none is hashed. stated:
    the link names the address itself. key and of_key make of 16 secret bytes the key that is hashed and its file."""

    def __init__(self, message, place, digest=md5, write=url64, address=text, raw=False, stated=False, key=lambda b: b.hex().encode(), of_key=lambda b: b.hex().encode()):
        self.message, self.place, self.digest, self.write = message, place, digest, write
        self.address, self.raw, self.stated, self.key, self.of_key = address, raw, stated, key, of_key


def join(*parts): return b"".join(p.encode() if isinstance(p, str) else p for p in parts)
def query(token, expires): return lambda l, t: f"{l.sent}?{l.query}{token}={t}&{expires}={l.until}"
def percent64(b): return quote(std64(b), safe="")

SCHEMES = {
    "gcore": Scheme(lambda l: join(l.expires, l.path, l.address, l.gap, l.key), query("md5", "expires")),
    "gcore-video": Scheme(lambda l: join(l.video, "_", l.key, "_", l.expires, "_", l.address),
                          lambda l, t: f"/videos/{l.video}/{t}/{l.until}/720/seg-1.ts"),
    "gcore-mp4": Scheme(lambda l: join(l.path, "_", l.key, "_", l.expires, "___", l.address), query("md5", "expires")),
    "nginx:$arg_st,$arg_e;$secure_link_expires$uri$http_user_agent KEY": Scheme(
        lambda l: join(l.expires, l.path, l.agent, l.gap, l.key), query("st", "e"), address=None),
    "nginx:$arg_st,$arg_e;$binary_remote_addr$uri$secure_link_expires KEY": Scheme(
        lambda l: join(l.address, l.path, l.expires, l.gap, l.key), query("st", "e"), address=packed),
    "nginx:secure_link_secret KEY": Scheme(lambda l: join(l.path[1:], l.key), lambda l, t: f"/p/{t}{l.sent}", write=bytes.hex, address=None),
    "bunny": Scheme(lambda l: join(l.path, l.expires, l.address, l.asked.rstrip("&")),
                    lambda l, t: f"{l.sent}?{l.query}token=HS256-1-{t}&expires={l.until}", digest=mac("sha256"), address=halved, raw=True),
    "bunny:sha256": Scheme(lambda l: join(l.key, l.path, l.expires, l.address, l.asked.rstrip("&")), query("token", "expires"), digest=sha256, raw=True),
    "bunny:md5": Scheme(lambda l: join(l.key, l.path, l.expires, l.address), query("token", "expires"), raw=True),
    "keycdn": Scheme(lambda l: join(l.path, l.key, l.expires), query("token", "expire"), address=None),
    "cdn77": Scheme(lambda l: join(l.expires, l.path, l.key), lambda l, t: f"{l.sent}?{l.query}secure={t},{l.until}",
                    write=lambda b: base64.urlsafe_b64encode(b).decode(), address=None),
    "cdn77 path": Scheme(lambda l: join(l.expires, l.path, l.key), lambda l, t: f"/{t},{l.until}{l.sent}",
                         write=lambda b: base64.urlsafe_b64encode(b).decode(), address=None),
    "cdnsun": Scheme(lambda l: join(l.expires, l.path, l.key, l.address), lambda l, t: f"{l.sent}?secure={t}&expires={l.until}&ip={l.shown}", stated=True),
    "akamai": Scheme(lambda l: join("ip=", l.address, "~exp=", l.expires, "~url=", l.path), lambda l, t: f"{l.sent}?hdnts=ip={l.shown}~exp={l.until}~hmac={t}",
                     digest=mac("sha256"), write=bytes.hex, raw=True, stated=True, key=lambda b: b),
    "fastly": Scheme(lambda l: join(l.path, l.expires), lambda l, t: f"{l.sent}?token={l.until}_{t}", digest=mac("sha1"), write=bytes.hex,
                     address=None, raw=True, key=lambda b: b, of_key=lambda b: std64(b).encode()),
    "cloudflare": Scheme(lambda l: join(l.path, l.expires), lambda l, t: f"{l.sent}?verify={l.until}-{t}", digest=mac("sha256"),
                         write=percent64, address=None, raw=True),
    "mediavault": Scheme(lambda l: join(l.key, l.origin, l.path, "?e=", l.expires), lambda l, t: f"{l.sent}?e={l.until}&h={t}",
                         write=bytes.hex, address=None, raw=True),
}


class Link:
    """One link: what it says and, in path, expires, address, asked, gap and key, what is hashed."""

    def __init__(self, host, n, viewer, at):
        s = host.scheme
        self.viewer, self.at, self.agent = viewer, at, AGENTS[n % len(AGENTS)]
        self.sent = host.files.format(n=n)
        self.path = self.sent if s.raw else unquote(self.sent)
        self.until = self.expires = str(at - DICE.randrange(120) + (0 if host.issues else LIFE))
        self.address = s.address(viewer) if s.address else b""
        self.shown = viewer
        self.query = self.asked = host.query
        self.video, self.origin, self.gap, self.key = f"7_v{n}", "https://" + host.name, " ", host.key
        self.digest, self.write, self.spoil = s.digest, s.write, lambda target: target
        host.rule(self)

    def target(self, s):
        return self.spoil(s.place(self, self.write(self.digest(self.key, s.message(self)))))


# Rules of hosts that do otherwise than their scheme's plain case.
def plain(l): pass
def by_directory(l): l.path = directory(l.path)
def unbound(l): l.address = b""
def by_network(l): l.address = text(slash24(l.viewer))
def in_path(l): l.path = l.path.rsplit("/", 1)[0]


class Host:
    def __init__(self, mistake, fault, scheme="gcore", name="", files="/vod/film-{n:03}/720p/seg-{n}.ts", query="", rule=plain, family=4,
                 among="", also="", need="", issues=False, served=EACH, status=403, explain=(), explained=""):
        self.mistake, self.fault, self.files, self.query, self.rule, self.family = mistake, fault, files, query, rule, family
        self.scheme_name, self.scheme, self.among, self.also, self.need, self.issues = scheme.split(" path")[0], SCHEMES[scheme], among, also, need, issues
        self.served, self.status, self.explain = served, status, list(explain)
        self.explained = explained or f"^verdict .* signer:{mistake}$"
        self.name = (name or mistake.replace("_", "-")) + ("" if scheme == "gcore" else "." + re.split("[: ]", scheme)[0]) + ".fault.test"
        self.secret = hashlib.sha256(b"key of " + self.name.encode()).digest()[:16]
        self.key, self.former = self.scheme.key(self.secret), self.scheme.key(self.secret[::-1])

    def moved(self):
        """How many right links are requested from a second address."""
        return MOVED if self.served and self.scheme.address is not None and self.rule is not unbound else 0

    def mismatches(self):
        """How many requests are refused for their address: those of faulty links, too, where it is their only fault."""
        return self.moved() + (EACH if self.mistake in ("one_address", "private_address") else 0)


def change(**fields):
    """A fault that replaces parts of a link: each value is made of the link as it is."""
    def fault(l, host):
        for name, made in {name: make(l) for name, make in fields.items()}.items(): setattr(l, name, made)
    return fault

def spoil(by): return change(spoil=lambda l: by)
def write(by): return change(write=lambda l: by)
def path(by): return change(path=lambda l: by(l.path))
def address(by): return change(address=lambda l: by(l.viewer).encode())
def key(by): return change(key=lambda l: by(l.key))

def digest(by): return change(digest=lambda l: by)
def keyed(name): return change(digest=lambda l: lambda _, message, key=l.key: mac(name)(key, message), key=lambda l: b"", gap=lambda l: "")

def groups(address, form): return ":".join(form % int.from_bytes(packed(address)[i:i + 2], "big") for i in range(0, 16, 2))
def lower_token(target): return re.sub("(?<=md5=)[^&]+", lambda m: m[0].lower(), target)
def escape_token(target): return re.sub("(?<=md5=)[^&]+", lambda m: m[0].replace("-", "%2D").replace("_", "%5F"), target)
def former(l, host): l.key = host.former
def foreign(l, host): l.key = next(h for h in HOSTS if h.mistake == "no_space").key

SPACED, PLUS, TWICE, CAPITAL, ACCENT, DEEP = ("/vod/Der%20Film%20{n}/seg%2B{n}.ts", "/vod/film+{n}/seg+{n}.ts", "/vod/a%2520film-{n}/seg-{n}.ts",
                                              "/VOD/Film-{n}/Seg-{n}.TS", "/vod/caf%C3%A9-{n}/seg-{n}.ts", "/vod/season-1/film-{n:03}/720p/seg-{n}.ts")
BROKEN = dict(among="malformed links")
AGENT, PACKED, SECRET = [name for name in SCHEMES if name.startswith("nginx:")]

HOSTS = [
    # spoiled on the way, or written wrongly
    Host("html_ampersand", spoil(lambda t: t.replace("&", "&amp;")), explained="^rule .* as it was pasted .* &amp; between its parameters", **BROKEN),
    Host("double_query", spoil(lambda t: t.replace("&md5=", "?md5=")), query="quality=hd&", **BROKEN),
    Host("punctuation", spoil(lambda t: t + "."), explained="^rule .* as it was pasted .* a punctuation mark", **BROKEN),
    Host("lowercased_url", spoil(lower_token)),
    Host("hex_digest", write(bytes.hex), **BROKEN),
    Host("standard_base64", write(std64), need="[+/]", **BROKEN),
    Host("padded_base64", write(lambda b: url64(b) + "%3D%3D"), **BROKEN),
    Host("encoded_token", spoil(escape_token), need="%", **BROKEN),
    Host("base64_of_hex", write(lambda b: url64(b.hex().encode())), **BROKEN),
    # another scope
    Host("file_signed", change(path=lambda l: unquote(l.sent)), rule=by_directory, explain=["--scope", "dir"]),
    Host("dir_signed", path(directory), explain=["--scope", "file"]),
    Host("parent_dir", path(lambda p: "/vod/season-1/"), rule=by_directory, files=DEEP),
    # another address, or another text of it
    Host("no_address", change(address=lambda l: b"")),
    Host("address", address(str), rule=unbound, explain=["--config", "unbound.yaml"]),
    Host("no_mask", address(str), rule=by_network, explain=["--mask", "24"]),
    Host("masked", address(slash24)),
    Host("masked", address(lambda a: slash24(a) + "/24"), name="masked-cidr"),
    Host("upper_ipv6", address(str.upper), family=6),
    Host("expanded_ipv6", address(lambda a: groups(a, "%04x")), family=6),
    Host("bracketed_ipv6", address("[{}]".format), family=6),
    Host("mapped_ipv6", address("::ffff:{}".format)),
    Host("address_port", address("{}:443".format)),
    Host("address_port", address("{}:51234".format), name="address-port-viewer"),
    Host("address_port", address("[{}]:40321".format), name="address-port-ipv6", family=6),
    Host("wrapped_address", address('"{}"'.format)),
    Host("address_list", address("{0}, {0}, 127.0.0.1".format), name="address-list-three"),
    Host("integer_address", address(lambda a: str(int.from_bytes(packed(a), "big")))),
    Host("address_list", address("{}, 10.0.0.1".format)),
    Host("placeholder_address", address(lambda a: "unknown")),
    Host("private_address", change(address=lambda l: b"192.168.1.1")),
    # another path
    Host("encoded_path", change(path=lambda l: l.sent), files=SPACED),
    Host("double_decoded", path(unquote), files=TWICE),
    Host("plus_as_space", path(lambda p: p.replace("+", " ")), files=PLUS),
    Host("no_slash", path(lambda p: p[:-1]), rule=by_directory),
    Host("no_leading_slash", path(lambda p: p[1:])),
    Host("double_slash", path(lambda p: "/" + p)),
    Host("file_name", path(lambda p: p.rsplit("/", 1)[1])),
    Host("lowercased_path", path(str.lower), files=CAPITAL),
    Host("uppercased_path", path(str.upper)),
    Host("latin1_path", path(lambda p: p.encode().decode("latin-1")), files=ACCENT),
    Host("unicode_form", path(lambda p: unicodedata.normalize("NFD", p)), files=ACCENT),
    Host("full_url", change(path=lambda l: l.origin + l.path)),
    Host("path_with_query", path(lambda p: p + "?quality=hd"), query="quality=hd&"),
    # another text or key
    Host("no_space", change(gap=lambda l: "")),
    Host("wrong_order", change(path=lambda l: l.address.decode(), address=lambda l: l.path.encode())),
    Host("key_newline", key(lambda k: k + b"\n")),
    Host("wrapped_key", key(lambda k: b'"' + k + b'"')),
    Host("empty_key", key(lambda k: b"")),
    Host("undecoded_key", key(lambda k: base64.b64encode(k))),
    Host("decoded_key", key(lambda k: bytes.fromhex(k.decode()))),
    Host("utf16_text", digest(lambda k, m: md5(k, m.decode().encode("utf-16-le")))),
    Host("other_hash", digest(sha256), **BROKEN),
    Host("other_hash", digest(lambda k, m: hashlib.sha1(m).digest()[:16]), name="other-hash-cut"),
    Host("hmac", keyed("md5")),
    Host("hmac", keyed("sha256"), name="hmac-sha256", **BROKEN),
    Host("no_expires", change(expires=lambda l: "")),
    Host("old_key", former),
    Host("other_host_key", foreign),
    # another expiry
    Host("ms_expiry", change(until=lambda l: l.until + "250", expires=lambda l: l.until + "250"), status=200,
         explained="^rule .* in milliseconds"),
    Host("ms_sent", change(until=lambda l: l.until + "250")),
    Host("ms_hashed", change(expires=lambda l: l.until + "000")),
    Host("relative_expiry", change(until=lambda l: str(LIFE))),
    Host("relative_expiry", change(until=lambda l: str(LIFE), expires=lambda l: str(LIFE)), name="relative-expiry-both", status=410,
         explained="^rule .* as a duration"),
    Host("relative_hashed", change(expires=lambda l: str(LIFE))),
    Host("expiry_text", change(until=lambda l: l.until + ".5", expires=lambda l: l.until + ".5"), **BROKEN),
    Host("edited_expiry", change(until=lambda l: str(int(l.until) + 86400))),
    # one address for all viewers
    Host("one_address", change(address=lambda l: PROXY.encode()), served=0, among="signed links", explain=["--try", PROXY], explained="^verdict .* ip_mismatch$"),
    Host("private_address", change(address=lambda l: b"10.0.0.5"), name="private-address-all", served=0, also="one_address"),
    # other schemes
    Host("old_key", former, "bunny"),
    Host("decoded_path", path(unquote), "bunny", files=SPACED),
    Host("no_query", change(asked=lambda l: ""), "bunny:sha256", query="quality=hd&"),
    Host("kept_padding", write(lambda b: base64.urlsafe_b64encode(b).decode()), "bunny:md5", **BROKEN),
    Host("undecoded_key", change(key=lambda l: l.key.hex().encode()), "akamai"),
    Host("base64_digest", write(url64), "akamai", **BROKEN),
    Host("private_address", change(address=lambda l: b"10.0.0.5", shown=lambda l: "10.0.0.5"), "akamai"),
    Host("upper_hex", write(lambda b: b.hex().upper()), "fastly", **BROKEN),
    Host("no_leading_slash", path(lambda p: p[1:]), "cdn77"),
    Host("extra_slash", path(lambda p: p + "/"), "cdn77 path", rule=in_path),
    Host("extra_slash", change(path=lambda l: "/" + l.path), SECRET),
    Host("hex_digest", write(bytes.hex), "keycdn", **BROKEN),
    Host("edited_expiry", change(until=lambda l: str(int(l.until) + 3600)), "keycdn"),
    Host("mapped_ipv6", address("::ffff:{}".format), "cdnsun"),
    Host("other_host_key", foreign, "cloudflare", issues=True),
    Host("other_origin", change(origin=lambda l: ""), "mediavault"),
    Host("private_address", change(address=lambda l: b"10.0.0.5"), "gcore-video"),
    Host("no_address", change(address=lambda l: b""), "gcore-mp4"),
    Host("no_space", change(gap=lambda l: ""), AGENT, name="no-space-agent"),
    Host("encoded_path", change(path=lambda l: l.sent), AGENT, files=SPACED),
    Host("address_text", address(str), PACKED),
]


class Log:
    def __init__(self): self.lines, self.used = [], set()

    def viewer(self, family):
        """An address that nobody has had before."""
        while True:
            a = f"{DICE.randrange(240, 248)}.{DICE.randrange(256)}.{DICE.randrange(1, 255)}.{DICE.randrange(1, 255)}"
            if family == 6:
                a = socket.inet_ntop(socket.AF_INET6, packed("2001:db8::")[:4] + DICE.randbytes(2) + bytes(6) + b"\xab" + DICE.randbytes(3))
            if a not in self.used:
                self.used.add(a)
                return a

    def request(self, host, l, at, client, status):
        stamp = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(at))
        size = DICE.randrange(200_000, 900_000) if status == 200 else 153
        self.lines.append((at, f'{client} - - [{stamp}] "GET {l.target(host.scheme)} HTTP/1.1" {status} {size} "https://www.example.com/watch" "{l.agent}" {host.name} 0.010\n'))

    def play(self, host):
        """Writes the requests of a host and returns one of its faulty links with its client and time."""
        for n in range(host.served):
            at = START + DICE.randrange(3600)
            l = Link(host, n, self.viewer(host.family), at)
            self.request(host, l, at, l.viewer, 200)
        for n in range(EACH, 2 * EACH):
            at = START + DICE.randrange(3600)
            l = self.faulty(host, n, at)
            self.request(host, l, at, l.viewer, host.status)
            link = {"url": "https://" + host.name + l.target(host.scheme), "ip": l.viewer, "at": at, "agent": l.agent}
        for n in range(2 * EACH, 2 * EACH + host.moved()):
            at = START + DICE.randrange(3600)
            moved = Link(host, n, self.viewer(host.family), at)
            self.request(host, moved, at, moved.viewer, 200)
            self.request(host, moved, at + 20, self.viewer(host.family), 403)
        for n in range(3 if host.mistake == "one_address" else 0): # the site looks whether its links work
            at = START + 1200 * n
            self.request(host, Link(host, n, PROXY, at), at, PROXY, 200)
        return link

    def faulty(self, host, n, at):
        """A link with the fault; where it shows in some tokens only, in this one."""
        viewer = self.viewer(host.family)
        while True:
            l = Link(host, n, viewer, at)
            host.fault(l, host)
            if re.search(host.need, l.target(host.scheme).partition("?")[2]): return l


def config(host, without=""):
    lines = [f"  - host: {host.name}", f'    scheme: "{host.scheme_name}"', "    keys:", f"      - {{file: {host.name}.key}}"]
    if host.fault is former: lines.append(f"      - {{file: {host.name}.old.key, not_after: 2026-11-20}}")
    return lines + ([without] if without else [])


def main(folder):
    os.makedirs(folder, exist_ok=True)
    def put(name, text):
        with open(os.path.join(folder, name), "w", newline="") as f: f.write(text)
    log, truth = Log(), []
    for host in HOSTS:
        link = log.play(host)
        truth.append({"host": host.name, "mistake": host.mistake, "among": host.among, "also": host.also, "links": EACH, "served": host.served,
                      "ip_mismatch": host.mismatches(), **link, "flags": host.explain, "explained": host.explained})
        put(host.name + ".key", host.scheme.of_key(host.secret).decode() + "\n")
        if host.fault is former: put(host.name + ".old.key", host.scheme.of_key(host.secret[::-1]).decode() + "\n")
    put("faults.log", "".join(line for _, line in sorted(log.lines, key=lambda at: at[0])))
    put("faults.yaml", "\n".join(["resources:"] + [line for host in HOSTS for line in config(host)]) + "\n")
    put("unbound.yaml", "\n".join(["resources:"] + [line for host in HOSTS if host.rule is unbound for line in config(host, "    bind_ip: false")]) + "\n")
    put("truth.json", json.dumps(truth, indent=1) + "\n")


if __name__ == "__main__":
    if len(sys.argv) != 2: sys.exit("usage: make.py DIR")
    main(sys.argv[1])
