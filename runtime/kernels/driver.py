"""The time loop of one thread; see `snnc.runtime.engine.driver` for its tables.

``entry(desc, rows, step)`` runs `rows` time steps from `step` on.
"""

from snnc.runtime.jit.intrinsics import (
    call_kernel,
    fence,
    fetch_add,
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
SHARED, INSTRUCTIONS, COUNT, REACHED = range(4)
# Words of the shared table; those that threads write lie on cache lines of their own.
THREADS, EPOCH, STOP, SPINS = range(4)
ARRIVED, GENERATION, LEAVE, SHARED_SIZE = 8, 16, 24, 32
# Kinds of instructions.
EVERY_STEP, MEETING = range(2)
INSTRUCTION_WIDTH = 4
WORD = 8
YIELDS = 300
SLEEP_MICROSECONDS = 50


@loop
def step_once(instructions, count, step, meet, shared, met, spins):
    """Run the instructions of a step, waiting at the meeting until generation `met` is over."""
    for i in range(count):
        q = i * INSTRUCTION_WIDTH
        if instructions[q + 3] == EVERY_STEP:
            call_kernel(instructions[q], instructions[q + 1], instructions[q + 2], step)
        elif meet:
            wait_for_change(shared + GENERATION * WORD, met, spins)


@loop
def wait_for_change(address, value, spins):
    """Wait until the word at an address differs: spin briefly, then yield, then sleep.

    Spinning alone would keep the processor from the very thread that is waited for.
    """
    tries = 0
    while load_acquire(address) == value:
        tries += 1
        if tries <= spins:
            pause()
        elif tries <= spins + YIELDS:
            sched_yield()
        else:
            usleep(SLEEP_MICROSECONDS)


@loop
def arrive(shared, threads, stop):
    """Tell the others that an epoch is done; return the generation that ends when all have.

    The last to arrive reads the flag for all, so that they leave at the same step.
    """
    generation = load_acquire(shared + GENERATION * WORD)
    if fetch_add(shared + ARRIVED * WORD, 1) == threads - 1:
        store_release(shared + ARRIVED * WORD, 0)
        store_release(shared + LEAVE * WORD, load_acquire(stop))
        store_release(shared + GENERATION * WORD, generation + 1)
    return generation


def entry(desc, rows, step):
    """Run `rows` steps, or fewer when told to stop, and note the step reached."""
    own = i64(desc, 4)
    count = own[COUNT]
    instructions = i64(own[INSTRUCTIONS], count * INSTRUCTION_WIDTH)
    shared = own[SHARED]
    header = i64(shared, SHARED_SIZE)
    threads = header[THREADS]
    epoch = header[EPOCH]
    stop = header[STOP]
    spins = header[SPINS]
    done = 0
    met = 0
    meet = False
    leave = False
    while done < rows and not leave:
        length = select(epoch < rows - done, epoch, rows - done)
        for i in range(length):
            step_once(instructions, count, step + done + i, meet, shared, met, spins)
            if meet:
                leave = load_acquire(shared + LEAVE * WORD) != 0
                meet = False
        done += length
        if threads == 1:
            leave = load_acquire(stop) != 0
        elif done < rows and not leave:
            met = arrive(shared, threads, stop)
            meet = True
    fence()  # samples have gone past the caches
    own[REACHED] = step + done
