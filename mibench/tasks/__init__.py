"""Tasks: distributions whose mutual information is known, one file per family.

Each family has `tasks() -> list[Task]`, an entry point of the group "mibench.tasks". Samplers are
module-level functions bound with functools.partial, so that a task can be sent to another process.
tests/test_tasks.py recomputes each true value by a second method.
"""
