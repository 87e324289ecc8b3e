"""How Sphinx builds the site: ``python -m sphinx -W docs docs/_build``.

Without a network, and with the gallery's pictures unless ``SKDL_DOCS_GALLERY=0``.
"""

import os
import shutil
import sys
from pathlib import Path

import skdl

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE / "_extensions")]
os.environ.setdefault("MPLBACKEND", "agg")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

project = "skdl"
author = "The skdl developers"
copyright = "the skdl developers"
version = release = skdl.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "skdl_networks",
    "skdl_reference",
]
exclude_patterns = ["_build", "_extensions", "_scripts", "studies", "auto_examples/*.ipynb"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
templates_path = ["_templates"]
nitpicky = False

# ---- pages in Markdown -----------------------------------------------------------------------

myst_heading_anchors = 4
myst_enable_extensions = ["colon_fence"]

# ---- reference -------------------------------------------------------------------------------

autosummary_generate = True
autodoc_typehints = "none"  # docstrings say more
autodoc_default_options = {"members": True, "inherited-members": True}
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

# ---- gallery ---------------------------------------------------------------------------------

# Without the plugin, which is a package of its own.
(HERE / "_scripts").mkdir(exist_ok=True)
for script in [*HERE.glob("../examples/plot_*.py"), HERE / "../examples/GALLERY_HEADER.rst"]:
    shutil.copy(script, HERE / "_scripts")
sphinx_gallery_conf = {
    "examples_dirs": "_scripts",
    "gallery_dirs": "auto_examples",
    "plot_gallery": os.environ.get("SKDL_DOCS_GALLERY", "1") != "0",
    "within_subsection_order": "ExampleTitleSortKey",
    "download_all_examples": False,
    "show_memory": False,
    "write_computation_times": False,
    "abort_on_example_error": True,
}

# ---- looks -----------------------------------------------------------------------------------

html_theme = "pydata_sphinx_theme"
html_title = "skdl"
html_show_sphinx = False
html_static_path = ["_static"]
html_css_files = ["skdl.css"]
html_js_files = ["filter.js"]
html_theme_options = {
    "show_prev_next": False,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
}
html_sidebars = {"index": [], "changelog": []}
