"""The pure standard library that cells may use: a component has no files, so what is imported here, while it is built, is all."""

import importlib

NAMES = """
abc argparse array ast asyncio base64 binascii bisect builtins calendar cmath code codecs codeop collections collections.abc
colorsys concurrent.futures concurrent.futures.thread contextlib contextvars copy copyreg csv dataclasses datetime decimal difflib dis doctest
encodings.ascii encodings.idna encodings.latin_1 encodings.punycode encodings.raw_unicode_escape encodings.unicode_escape
encodings.utf_16 encodings.utf_32 encodings.utf_8_sig enum errno filecmp fnmatch fractions functools gc getpass gettext glob
graphlib hashlib heapq hmac html html.entities html.parser http importlib importlib.metadata importlib.resources
inspect io ipaddress itertools json keyword linecache locale logging marshal math mimetypes numbers operator opcode os
os.path pathlib pickle pickletools pkgutil platform pprint pydoc pydoc_data.topics queue random re reprlib sched secrets
select selectors shlex shutil signal socket stat statistics string string.templatelib stringprep struct subprocess symtable
sys sysconfig tempfile textwrap threading time timeit token tokenize traceback types typing unicodedata unittest
unittest.mock urllib urllib.error urllib.parse urllib.request urllib.response uuid warnings weakref xml.dom.minidom
xml.etree.ElementTree zipfile zlib zoneinfo
""".split()

missing = []
"""What this interpreter was built without."""

for _name in NAMES:
    try:
        importlib.import_module(_name)
    except Exception:
        missing.append(_name)
