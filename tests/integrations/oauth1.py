"""The server side of OAuth 1, as oauthlib has it: whether a signature holds."""

from oauthlib.oauth1 import RequestValidator, SignatureOnlyEndpoint


class _Known(RequestValidator):
    """One client. Nonces are taken once."""

    enforce_ssl = False
    nonce_length = (8, 60)
    client_key_length = (3, 60)

    def __init__(self, key: str, secret: str, method: str) -> None:
        super().__init__()
        self.key, self.secret, self.method = key, secret, method

    @property
    def allowed_signature_methods(self) -> tuple[str, ...]:
        return (self.method,)

    def check_client_key(self, client_key: str) -> bool:
        return bool(client_key)

    @property
    def dummy_client(self) -> str:
        return "nobody"

    def validate_client_key(self, client_key: str, request: object) -> bool:
        return client_key == self.key

    def get_client_secret(self, client_key: str, request: object) -> str:
        return self.secret

    def validate_timestamp_and_nonce(
        self, client_key: str, timestamp: str, nonce: str, request: object, **_: object
    ) -> bool:
        is_new = nonce not in _taken
        _taken.add(nonce)
        return is_new


_taken: set[str] = set()


def holds(address: str, headers: dict[str, str], key: str, secret: str, method: str) -> bool:
    """True if this question was signed by whoever has the secret."""
    endpoint = SignatureOnlyEndpoint(_Known(key, secret, method))
    told = {"Authorization": headers.get("authorization", "")}
    return bool(endpoint.validate_request(address, "GET", None, told)[0])
