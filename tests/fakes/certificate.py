"""A certificate for 127.0.0.1, and who trusts it."""

import ssl
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Certificate:
    """Signed by itself, fresh for each test."""

    def __init__(self, folder: Path, name: str = "certificate") -> None:
        #: Certificate and private key, in PEM.
        self.file = folder / f"{name}.pem"
        self.file.write_bytes(_pem())

    def server(self) -> ssl.SSLContext:
        """For the server that shows it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file)
        return context

    def server_for(self, holders_of: "Certificate") -> ssl.SSLContext:
        """For a server of gRPC that lets in nobody but the holders of another certificate."""
        context = self.server()
        context.set_alpn_protocols(["h2"])
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(holders_of.file)
        return context

    def client(self) -> ssl.SSLContext:
        """For a client that trusts it, and nobody else."""
        return ssl.create_default_context(cafile=str(self.file))


def _pem() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(IPv4Address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)
