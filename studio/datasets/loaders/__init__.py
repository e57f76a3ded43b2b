"""One module a place that rows come from. Its ``Spec`` names the place.

``check(spec)`` raises StudioError for a place that cannot be read here; ``run(spec, room)``
(of which it needs ``fetch`` alone) gives studio.datasets.rows.Rows: rows as they come, never all
at once, and their origin. No code that lies beside the rows is ever run.
"""
