from urllib.parse import urlsplit

from odoo import models

from ..channels.errors import Fault, Reason


class RopoFaults(models.AbstractModel):
    """What went wrong with a call and what to do, in sentences for people."""

    _name = "ropo.faults"
    _description = "What Went Wrong at Ropo"

    def _of_connection(self, account, error):
        """Why a call of this account failed and what to do, in one or two sentences."""
        if error.reason == Reason.ADDRESS and error.detail == "copy":
            return account._copy_text()
        if error.reason == Reason.CREDENTIALS and error.detail == "missing":
            return self.env._(
                "%(account)s lacks: %(missing)s. A system administrator enters what "
                "was given for this environment.",
                account=account.name,
                missing=self._labels(account, account.sudo()._missing_credentials()),
            )
        sentences = self._connection_sentences()
        sentence = sentences.get(error.reason, sentences[Reason.UNREADABLE])
        return sentence % {
            "account": account.name,
            "host": _host(account.base_url or "") or account.base_url or "-",
            "credentials": self._labels(account, account._channel().credentials),
            "detail": f" ({error.detail})" if error.detail else "",
        }

    def _of_refusal(self, answer):
        """The sentence for the fault with the channel's own words, or these alone."""
        own_words = answer.error or self.env._("Ropo gave no reason.")
        sentence = self._refusal_sentences().get(answer.fault)
        return f"{sentence} ({own_words})" if sentence else own_words

    def _of_lost_answer(self, answer):
        """Why it is not known whether Ropo got it, as part of a sentence."""
        return {
            Reason.TIMEOUT: self.env._("no answer in time"),
            Reason.CUT: self.env._("the connection was cut"),
            Reason.SERVER: self.env._("Ropo had an error of its own"),
            Reason.GATEWAY: self.env._("a gateway answered in place of Ropo"),
        }.get(answer.reason, self.env._("the answer can't be read"))

    def _connection_sentences(self):
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

    def _refusal_sentences(self):
        return {
            Fault.SERVICE: self.env._(
                "The receivables service is not active. Activate it on the Ropo "
                "account, then transfer again."
            ),
            Fault.INVOICE_UNKNOWN: self.env._(
                "The invoice is not there. Send it through this account, or press "
                "“Find Sent Invoice” on it, then transfer again."
            ),
            Fault.CASE_UNKNOWN: self.env._(
                "The case is not there. Look it up, and report this by hand."
            ),
            Fault.TOO_EARLY: self.env._(
                "It is not overdue long enough. Transfer it again later."
            ),
            Fault.NOT_ALLOWED: self.env._("It is not taken. Correct what it names."),
            Fault.DUPLICATE: self.env._(
                "The same is there already. Look it up before you send it again."
            ),
            Fault.EINVOICE: self.env._(
                "The e-invoice is not what it should be. Correct the invoice's data, "
                "then send it again."
            ),
            Fault.ADDRESS: self.env._(
                "An address is not complete. Complete it on the contact, then transfer "
                "again."
            ),
            Fault.VALUES: self.env._(
                "Something in it is not accepted. Correct what it names, then send it "
                "again."
            ),
        }

    def _labels(self, account, names):
        """The labels of these fields, as a list in a sentence."""
        texts = (account._fields[name]._description_string(self.env) for name in names)
        return ", ".join(texts)


def _host(url):
    try:
        return urlsplit(url).netloc
    except ValueError:  # it is no address, which is what is to be explained
        return ""
