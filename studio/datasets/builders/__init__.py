"""One module a way of making examples of prose.

``check(spec)`` raises StudioError for options that do not fit together. ``run(section, tools,
spec)`` yields drafts in the order of the text, and None for a passage that cannot be one. It is
deterministic in what it asks its writer, so that a run that goes on asks the same again.
"""
