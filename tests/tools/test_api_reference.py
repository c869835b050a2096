"""tools/gen_api.py: every declaration of the client library's headers has its place in the reference, and what is said
of it stands with it.
"""

import re
from pathlib import Path

import gen_api

ROOT = Path(__file__).resolve().parent.parent.parent
HEADER = '''/* The lamp: its life.
 *
 * More of it; see <AE>.
 * TS-0001 9.6.5 */
#pragma once

#include "merlon/base.h"

#ifdef __cplusplus
extern "C" {
#endif

struct merlon_lamp;

/* How bright:
 *   - dim;
 *   - bright. */
enum merlon_light {
    MERLON_DIM = 1, /* a little; not much */
    MERLON_BRIGHT = 2
};

/* Called when it
 * changes. */
typedef void merlon_changed(void *data, int to);

/* Switches it. INVALID. */
MERLON_API MERLON_CHECKED enum merlon_status merlon_lamp_on(struct merlon_lamp *lamp,
                                                            struct merlon_error *error);
MERLON_API void merlon_lamp_off(struct merlon_lamp *lamp);

#ifdef __cplusplus
}
#endif
'''


def test_a_header_becomes_a_page():
    assert gen_api.page("merlon/lamp.h", HEADER).removeprefix(gen_api.NOTICE) == """
# merlon/lamp.h

The lamp: its life.

More of it; see \\<AE>. TS-0001 9.6.5

## merlon_lamp

```c
struct merlon_lamp;
```

## merlon_light

```c
enum merlon_light {
    MERLON_DIM = 1, /* a little; not much */
    MERLON_BRIGHT = 2
};
```

How bright:

- dim;
- bright.

## merlon_changed

```c
typedef void merlon_changed(void *data, int to);
```

Called when it changes.

## merlon_lamp_on

```c
enum merlon_status merlon_lamp_on(struct merlon_lamp *lamp, struct merlon_error *error);
void merlon_lamp_off(struct merlon_lamp *lamp);
```

Switches it. INVALID.
"""


def test_everything_that_is_declared_is_there():
    pages = gen_api.pages(ROOT / "include/merlon")
    for header in (ROOT / "include/merlon").glob("*.h"):
        if header.name == "merlon.h":
            continue
        text = re.sub(r"/\*.*?\*/|^#.*?$", "", header.read_text(), flags=re.S | re.M)
        names = re.findall(r"\b(merlon_\w+)\s*\(", text) + re.findall(r"(?:struct|enum) (merlon_\w+) \{", text)
        page = pages[header.stem + ".md"]
        assert names and not [n for n in names if not re.search(rf"```c\n[^`]*\b{n}\b", page)], header.name
        assert f"[{header.name}]({header.stem}.md)" in pages["README.md"]


def test_pages_of_headers_that_are_gone_go(tmp_path):
    (tmp_path / "old.md").write_text("x")
    gen_api.main([str(ROOT / "include/merlon"), str(tmp_path)])
    assert not (tmp_path / "old.md").exists() and (tmp_path / "client.md").exists()
