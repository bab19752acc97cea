from urllib.parse import urlsplit

from odoo import models

from ..channels.errors import Reason


class RopoAccount(models.Model):
    """What went wrong on an account, in sentences for people."""

    _inherit = "ropo.account"

    def _explain(self, error):
        """What went wrong on this account and what to do, in one or two sentences."""
        host = urlsplit(self.base_url or "").netloc or self.base_url or "-"
        if error.reason == Reason.ADDRESS and error.detail == "copy":
            return self._copy_text()
        if error.reason == Reason.CREDENTIALS and error.detail == "missing":
            return self.env._(
                "%(account)s lacks: %(missing)s. A system administrator enters what "
                "was given for this environment.",
                account=self.name,
                missing=self._labels(self.sudo()._missing_credentials()),
            )
        sentences = self._sentences()
        sentence = sentences.get(error.reason, sentences[Reason.UNREADABLE])
        return sentence % {
            "account": self.name,
            "host": host,
            "credentials": self._labels(self._channel().credentials),
            "detail": f" ({error.detail})" if error.detail else "",
        }

    def _sentences(self):
        return {
            Reason.ADDRESS: self.env._(
                "%(account)s: “%(host)s” is no address for this environment. Choose "
                "the environment and the country, or in the sandbox enter its address."
            ),
            Reason.INSECURE: self.env._(
                "%(account)s: %(host)s would be called without encryption. Use "
                "https; http is only for a sandbox on this very machine."
            ),
            Reason.DNS: self.env._(
                "%(account)s: there is no host %(host)s. Check the address, and this "
                "server's name service."
            ),
            Reason.CONNECT: self.env._(
                "%(account)s: %(host)s can't be reached. Check the address, and that "
                "this server may connect to it."
            ),
            Reason.TLS: self.env._(
                "%(account)s: no secure connection to %(host)s. Check the address, and "
                "the certificates on this server."
            ),
            Reason.CREDENTIALS: self.env._(
                "%(account)s: %(host)s refuses the credentials%(detail)s. Enter those "
                "that were given for this environment: %(credentials)s."
            ),
            Reason.RIGHTS: self.env._(
                "%(account)s: %(host)s knows the credentials, and they may not do this"
                "%(detail)s. Have the right added, and test the connection."
            ),
            Reason.NOT_READY: self.env._(
                "%(account)s: Ropo has not taken the case yet%(detail)s. It is tried "
                "again."
            ),
            Reason.TIMEOUT: self.env._(
                "%(account)s: %(host)s did not answer in time. Try again, or raise the "
                "account's timeout."
            ),
            Reason.CUT: self.env._(
                "%(account)s: the connection to %(host)s was cut. Try again."
            ),
            Reason.SERVER: self.env._(
                "%(account)s: %(host)s has an error of its own%(detail)s. Try again "
                "later, or ask Ropo."
            ),
            Reason.GATEWAY: self.env._(
                "%(account)s: not Ropo itself but a gateway in front of %(host)s "
                "answered%(detail)s. Try again later; if it stays so, ask Ropo and "
                "whoever runs the network of this server."
            ),
            Reason.UNREADABLE: self.env._(
                "%(account)s: the answer of %(host)s can't be read%(detail)s. Check "
                "the address, or ask Ropo."
            ),
            Reason.TOO_LARGE: self.env._(
                "%(account)s: the document from %(host)s is over 20 MB and was not "
                "fetched. Look at it in Ropo One."
            ),
            Reason.THROTTLED: self.env._(
                "%(account)s: %(host)s has too many calls of yours under way. Try "
                "again in a moment, or lower “Parallel Requests” on the account."
            ),
            Reason.REFUSED: self.env._("%(account)s: Ropo rejected it%(detail)s."),
            Reason.PROFILE: self.env._(
                "%(account)s: this belongs to another profile (environment, address or "
                "customer) than the one that the account has now, so Ropo is not "
                "asked about it."
            ),
        }

    def _labels(self, names):
        """The labels of these fields, as a list in a sentence."""
        texts = (self._fields[name]._description_string(self.env) for name in names)
        return ", ".join(texts)
