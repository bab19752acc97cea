{
    "name": "Ropo Connect: Job Queue",
    "version": "19.0.1.0.0",
    "summary": "Works off the outbox and fetches news by OCA's job queue",
    "author": "Ropo Connect contributors",
    "license": "LGPL-3",
    "category": "Accounting/Accounting",
    "depends": ["ropo_connect", "queue_job"],
    "data": ["data/queue_job.xml"],
    "auto_install": True,
}
