"""Several threads that start at the same moment."""

import threading


def together(count, work):
    """Runs work(i) in `count` threads and gives what they returned; the first failure is raised."""
    gate = threading.Barrier(count)
    results = [None] * count
    failures = []

    def one(i):
        gate.wait()
        try:
            results[i] = work(i)
        except BaseException as failure:  # pylint: disable=broad-except
            failures.append(failure)

    threads = [threading.Thread(target=one, args=(i,)) for i in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return results
