"""Triggers for maintenance: policies and their times, a daemon, and what cron, systemd, Kubernetes and Airflow read.

Nothing here knows a server: the job, the lock and the history are callables that are handed in.
"""
