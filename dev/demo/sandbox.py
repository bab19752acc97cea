"""The sandbox's own control calls: what a debtor does, and what Ropo then holds."""

import requests


class Sandbox:
    credentials = {"cid": "700001", "apicode": "sandbox-apicode"}

    def __init__(self, url):
        self.url = url

    def jobs(self):
        """All that it holds."""
        answer = requests.get(f"{self.url}/_sandbox/state?only=jobs", timeout=30)
        answer.raise_for_status()
        return answer.json()["jobs"]

    def job(self, jobid):
        return next(job for job in self.jobs() if str(job["jobid"]) == str(jobid))

    def count(self, name):
        """One of its counters: `calls` by path, `duplicates`."""
        answer = requests.get(f"{self.url}/_sandbox/state?only={name}", timeout=30)
        answer.raise_for_status()
        return answer.json()[name]

    def pay(self, jobid, amount):
        """The debtor pays to Ropo."""
        self._post(f"jobs/{jobid}/pay", amount=amount)

    def stage(self, jobid, stage, text):
        """Ropo takes the case a step further."""
        self._post(f"jobs/{jobid}/stage", stage=stage, text=text)

    def push(self, url, user, password):
        """Ropo calls the webhook; `{delivered, failed}` in messages."""
        cid = self.credentials["cid"]
        self._post("webhooks", cid=cid, url=url, user=user, password=password)
        return self._post("webhooks/deliver")

    def _post(self, path, **body):
        answer = requests.post(f"{self.url}/_sandbox/{path}", json=body, timeout=30)
        answer.raise_for_status()
        return answer.json() if answer.content else None
