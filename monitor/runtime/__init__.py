"""The imperative shell: jobs, scheduler, files written each cycle."""
