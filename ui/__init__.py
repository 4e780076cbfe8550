"""The page: Gradio Blocks, one file per tab, plus the scripts and styles it serves from its own folder."""
