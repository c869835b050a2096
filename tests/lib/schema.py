"""Holds contents against the generated JSON Schemas, and XML against the generated XML Schema."""

import functools
import importlib.util
from pathlib import Path

from lxml import etree

_spec = importlib.util.spec_from_file_location(
    "answers", Path(__file__).resolve().parent.parent / "tools" / "answers.py")
_answers = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_answers)
check = _answers.check
validator = _answers.validator
M2M = "http://www.onem2m.org/xml/protocols"
XSD = {M2M: Path(_answers.SCHEMAS) / "onem2m.xsd", f"{M2M}/dcfg": Path(_answers.SCHEMAS) / "dcfg.xsd"}


@functools.lru_cache(maxsize=None)
def xml_schema(namespace):
    return etree.XMLSchema(file=str(XSD[namespace]))


def check_xml(body):
    """Order, names and data types of a content in XML. Specialisations that files define are not
    in the schemas. spec: TS-0004 8.3.1"""
    root = etree.fromstring(body)
    namespace = etree.QName(root).namespace
    if namespace in XSD:
        xml_schema(namespace).assertValid(root)
