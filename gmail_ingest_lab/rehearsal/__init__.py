"""The fault rehearsal: the demonstration's processes, disturbed in every way, then compared.

A room beside ``demo``, whose pieces it uses. Mail arrives and changes at random while calls fail,
pushes get lost and processes are killed; a seed decides all of it. Then the faults end, the service
settles, and what is stored must equal what the sandbox has.
"""
