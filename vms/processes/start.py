"""The first module of every child: `python -m vms.processes.start MODULE CONFIG INDEX FDS REASON`.

It keeps the collector still while MODULE is imported: a program's modules hold no garbage, and looking for some costs a
quarter of the imports. `child.run` switches the collector on, with what was imported put aside.
"""

from __future__ import annotations

import gc
import runpy
import sys

if __name__ == "__main__":
    gc.disable()
    module = sys.argv.pop(1)
    runpy.run_module(module, run_name="__main__", alter_sys=True)
