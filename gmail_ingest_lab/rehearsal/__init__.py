"""The fault rehearsal: the demonstration's processes, disturbed in every way, then compared.

A room beside ``demo``, whose pieces it uses. Mail arrives and changes at random while calls fail,
pushes get lost and processes are killed, all from a seed; then everything is mended, and once it
is quiet what is stored must equal what the sandbox has.
"""
