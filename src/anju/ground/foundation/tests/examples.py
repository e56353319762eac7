"""Examples of foundation's own verbs."""

from tests.verbs import Example, World, example

from anju.ground.foundation.models import JobProgress


@example("foundation.cancel_job")
def cancel_job(world: World) -> Example:
    by = world.actor("street_officer")
    job = JobProgress.objects.create(kind="demo", title="批量印发", owner_id=by.account_id, total=5)
    return Example(by, {"job_id": job.pk})
