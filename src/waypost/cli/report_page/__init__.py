"""The report of a run: facts gathered from the log, drawn as one page, or told as Markdown or JSON."""
