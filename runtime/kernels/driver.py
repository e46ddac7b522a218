"""The time loop of one thread; see `snnc.runtime.engine.driver` for its tables.

``entry(desc, rows, step)`` runs `rows` time steps from `step` on.
"""

from snnc.runtime.jit.intrinsics import (
    call_kernel,
    fence,
    i64,
    load_acquire,
    loop,
    pause,
    sched_yield,
    select,
    store_release,
    usleep,
)

# Words of a thread's table.
SHARED, INSTRUCTIONS, COUNT, THREAD, REACHED = range(5)
# Words of the shared table. Those that threads write lie on cache lines of their own: how many
# steps there are to do, and how many each thread has done.
THREADS, EPOCH, STOP, SPINS = range(4)
LIMIT, DONE, LINE = 8, 16, 8
# Kinds of instructions.
EVERY_STEP, MEETING = range(2)
INSTRUCTION_WIDTH = 4
WORD = 8
YIELDS = 300
SLEEP_MICROSECONDS = 50


@loop
def wait_for(address, least, spins):
    """Wait until the word at an address is large enough: spin briefly, then yield, then sleep.

    Spinning alone would keep the processor from the very thread that is waited for.
    """
    tries = 0
    found = load_acquire(address)
    while found < least:
        tries += 1
        if tries <= spins:
            pause()
        elif tries <= spins + YIELDS:
            sched_yield()
        else:
            usleep(SLEEP_MICROSECONDS)
        found = load_acquire(address)
    return found


@loop
def wait_for_all(shared, threads, least, spins):
    """Wait until all threads have done some steps; return how many the slowest has done."""
    fewest = wait_for(shared + DONE * WORD, least, spins)
    for thread in range(1, threads):
        done = wait_for(shared + (DONE + thread * LINE) * WORD, least, spins)
        fewest = select(done < fewest, done, fewest)
    return fewest


def entry(desc, rows, step):
    """Run `rows` steps, or fewer when told to stop, and note the step reached.

    The first thread reads the flag for all. It has them leave at a step that none can have begun:
    they cannot without having seen that it has done the step after which it reads the flag.
    """
    own = i64(desc, 5)
    count = own[COUNT]
    instructions = i64(own[INSTRUCTIONS], count * INSTRUCTION_WIDTH)
    shared = own[SHARED]
    header = i64(shared, DONE)
    threads = header[THREADS]
    epoch = header[EPOCH]
    spins = header[SPINS]
    mine = shared + (DONE + own[THREAD] * LINE) * WORD
    done = 0
    seen = 0
    limit = rows
    while done < limit:
        needed = done + 1 - epoch
        for i in range(count):
            q = i * INSTRUCTION_WIDTH
            if instructions[q + 3] == EVERY_STEP:
                call_kernel(instructions[q], instructions[q + 1], instructions[q + 2], step + done)
            elif seen < needed:
                seen = wait_for_all(shared, threads, needed, spins)
                limit = load_acquire(shared + LIMIT * WORD)
        done += 1
        if own[THREAD] == 0 and done + epoch < limit and load_acquire(header[STOP]) != 0:
            limit = done + epoch
            store_release(shared + LIMIT * WORD, limit)
        store_release(mine, done)
    fence()  # samples have gone past the caches
    own[REACHED] = step + done
