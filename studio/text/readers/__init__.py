"""One module a file format. ``plugin`` also has ``endings``, the file name endings it reads.

``check(name, data)`` raises StudioError for a file it cannot read; ``run(name, data, options)``
returns a studio.text.reading.Reading.
"""
