"""A refusal in, what opens the door out: Basic accounts of private registries, and the tokens of Docker Hub's kind."""

import base64
import json
import re
import time
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from houseprice.errors import RegistryError
from houseprice.release.image_reference import Repository
from houseprice.release.registry.patience import PassingError, Patience
from houseprice.release.registry.transport import Answer, exchange, onwards, origin

_LIMIT = 1 << 20
_PARAMETER = re.compile(r'([a-z_]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))', re.IGNORECASE)


@dataclass(frozen=True)
class Account:
    """Who asks; the token is in no message, and in no text of this value."""

    user: str
    token: str = field(repr=False)

    @property
    def basic(self) -> str:
        """The header of one who says name and token at each request."""
        return f"Basic {base64.b64encode(f'{self.user}:{self.token}'.encode()).decode()}"

    def hide(self, text: str) -> str:
        """Give back a text of somebody else's without the token, should it be in there."""
        for secret in (self.token, self.basic.removeprefix("Basic ")):
            text = text.replace(secret, "***") if secret else text
        return text


@dataclass
class Access:
    """The door of one repository, and what was found to open it; writing and reading have tokens of their own."""

    repository: Repository
    account: Account | None
    patience: Patience
    _found: dict[bool, str] = field(default_factory=dict, repr=False)

    def headers(self, url: str, *, write: bool) -> dict[str, str]:
        """Give back what opens an address; nothing is said to anybody but the registry itself."""
        found = self._found.get(write) or self._found.get(True)
        return {"Authorization": found} if found and origin(url) == origin(self.repository.address) else {}

    def learn(self, refusal: Answer, *, write: bool, end: float) -> None:
        """Find out what opens the door from how it was closed.

        Raises:
            RegistryError: the account is refused, or there is none and one is asked for.
            PassingError: whoever gives tokens cannot be asked now.
        """
        challenges = _challenges(refusal)
        if "bearer" in challenges:
            self._found[write] = f"Bearer {self._token(challenges['bearer'], write=write, end=end)}"
            return
        if "basic" not in challenges:
            raise RegistryError(
                f'"{self.repository.host}" asks for a login, and not in which way; expected Basic or Bearer; see '
                "whether this is a registry."
            )
        if not self.account:
            raise self._nobody()
        self._found = dict.fromkeys((False, True), self.account.basic)

    def shut(self, found: str, *, write: bool) -> RegistryError:
        """Give back the sentence for a door that stayed closed after everything was shown."""
        if self.account and self._found.get(write) == self.account.basic:
            return self._refused(found)
        if write:
            return read_only(self.repository, found)
        asker = f'"{self.account.user}"' if self.account else "somebody without a login"
        return RegistryError(
            f'"{self.repository.host}" does not show "{self.repository.path}" to {asker} ({found}); expected a '
            "repository that is there and may be read; correct its name, or set DOCKERHUB_USERNAME and DOCKERHUB_TOKEN."
        )

    def _token(self, challenge: dict[str, str], *, write: bool, end: float) -> str:
        if write and not self.account:
            raise self._nobody()
        wanted = "pull,push" if write else "pull"
        asked = {"service": challenge.get("service", ""), "scope": f"repository:{self.repository.path}:{wanted}"}
        headers = {"Accept": "application/json"}
        if self.account:
            asked["account"] = self.account.user
            headers["Authorization"] = self.account.basic
        realm = onwards(self.repository.address, challenge.get("realm", ""))
        url = f"{realm}{'&' if urlsplit(realm).query else '?'}{urlencode({k: v for k, v in asked.items() if v})}"
        answer = exchange("GET", url, headers=headers, limit=_LIMIT, patience=self.patience, end=end)
        if answer.status in (408, 429) or answer.status >= 500:
            raise PassingError(f"{urlsplit(realm).hostname} answers {answer.status}", retry_after(answer))
        if answer.status in (400, 401, 403, 404):
            raise self._refused(f"{urlsplit(realm).hostname} answers {answer.status}")
        said = _object(answer.body)
        token = said.get("token") or said.get("access_token")
        if answer.status != 200 or not isinstance(token, str) or not re.fullmatch(r"[\x21-\x7e]+", token):
            raise RegistryError(
                f'"{urlsplit(realm).hostname}" gives no token (HTTP {answer.status}); expected one for '
                f'"{self.repository.path}"; see whether this is the registry that you meant.'
            )
        if write:
            self._may_push(token)
        return token

    def _may_push(self, token: str) -> None:
        """Refuse a token that says of itself that it opens no more than reading; one that says nothing is tried."""
        rights = _rights(token, self.repository.path)
        if rights is not None and not rights & {"push", "*"}:
            raise read_only(self.repository, f"it may {' and '.join(sorted(rights)) or 'do nothing there'}")

    def _nobody(self) -> RegistryError:
        return RegistryError(
            f'"{self.repository.host}" asks for a login to reach "{self.repository.path}"; expected DOCKERHUB_USERNAME '
            "and DOCKERHUB_TOKEN; set both."
        )

    def _refused(self, found: str) -> RegistryError:
        if not self.account:
            return self._nobody()
        return RegistryError(
            f'"{self.repository.host}" refused the login of "{self.account.user}" ({found}); expected '
            "DOCKERHUB_USERNAME and DOCKERHUB_TOKEN of one account that exists; make a new token and run "
            "`gh secret set DOCKERHUB_TOKEN`."
        )


def read_only(repository: Repository, found: str) -> RegistryError:
    """Give back the sentence for an account that may not write there."""
    return RegistryError(
        f'"{repository.host}" takes nothing for "{repository.path}" with this token ({found}); expected one with the '
        "right to write to that repository, and a repository of that user; make one with read and write and run "
        "`gh secret set DOCKERHUB_TOKEN`."
    )


def retry_after(answer: Answer) -> float:
    """Give back how many seconds a server asks to be left alone: 0 where it does not."""
    said = answer.headers.get("Retry-After", "").strip()
    if re.fullmatch(r"\d{1,9}", said):
        return float(said)
    try:
        moment = parsedate_to_datetime(said)
        return max(0.0, moment.timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0


def _challenges(refusal: Answer) -> dict[str, dict[str, str]]:
    """Give back the parameters of each way to log in that is offered."""
    found: dict[str, dict[str, str]] = {}
    for header in refusal.headers.get_all("WWW-Authenticate") or []:
        scheme, _, rest = header.strip().partition(" ")
        pairs = {name.lower(): quoted or plain for name, quoted, plain in _PARAMETER.findall(rest)}
        found.setdefault(scheme.lower(), pairs)
    return found


def _rights(token: str, path: str) -> set[str] | None:
    """Give back what a token says that it allows; it is the registry that believes it, and not we."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = _object(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return None
    access = claims.get("access")
    if not isinstance(access, list):
        return None
    granted = [item for item in access if isinstance(item, dict) and item.get("name") == path]
    listed = [item["actions"] for item in granted if isinstance(item.get("actions"), list)]
    return {str(action) for actions in listed for action in actions}


def _object(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
