"""One module a way of turning chat turns into tokens: a studio.datasets.formatting.Turns.

Training and the desk use the same one. ``check(tokenizer, spec)`` gives what a person should know
and raises StudioError for a tokenizer it cannot work with; ``run(tokenizer, messages,
add_generation_prompt=False, spec)`` returns a FormattedExample; ``lengths(tokenizer,
conversations, spec)`` only counts their tokens, many at once; ``template(tokenizer, spec)`` is
what inference asks with. The rest of the studio takes one by ``formatting.formatter_of``.
"""
