"""One module a way of turning chat turns into tokens: a studio.datasets.formatting.Turns.

Training and the desk use the same one. ``check(tokenizer, spec)`` gives what a person should know
and raises StudioError for a tokenizer it cannot work with; ``run(tokenizer, messages,
spec)`` returns a FormattedExample of a whole conversation, ``asked(tokenizer, messages, spec)`` one
of what asks for the next answer; ``lengths(tokenizer, conversations, spec)`` only counts tokens,
many at once; ``template(tokenizer, spec)`` is what inference asks with. The rest of the studio
takes one by ``formatting.formatter_of``.
"""
