"""A page of the manual from the contract of a bus interface: the prose stands in the XML once.

usage: interface.py FILE.xml  (scdoc on standard output)
"""

import pathlib
import re
import sys
import xml.etree.ElementTree as xml

see_also = {
    "org.alknet.Auth1": "*alknet-authd*(8)",
    "org.alknet.Listen1": "*alknet-listend*(8), *alknetctl*(1)",
    "org.alknet.Store1": "*alknet-stored*(8), *alknetctl*(1)",
    "org.alknet.Secret1": "*alknet-secretd*(8), *alknetctl*(1)",
}


def escape(text):
    """What scdoc would take for markup."""
    return re.sub(r"([\\*_<\[\]#~])", r"\\\1", text)


def prose(comment):
    """The text of a comment as one paragraph a line."""
    return escape(re.sub(r"\s+", " ", (comment or "").strip()))


def arguments(member, direction):
    found = [f"{a.get('type')} {a.get('name')}" for a in member.findall("arg") if a.get("direction", "in") == direction]
    return escape(", ".join(found))


def heading(member):
    name = f"*{member.get('name')}*"
    if member.tag == "method":
        answer = arguments(member, "out")
        return f"{name}({arguments(member, 'in')})" + (f" → ({answer})" if answer else "")
    if member.tag == "signal":
        return f"{name}({arguments(member, 'in')})"
    return f"{name} {escape(member.get('type'))}, {member.get('access')}"


def page(path):
    parser = xml.XMLParser(target=xml.TreeBuilder(insert_comments=True))
    node = xml.parse(path, parser).getroot()
    about = prose(re.search(r"<!--(.*?)-->", path.read_text(), re.S)[1])
    interface = node.find("interface")
    name = interface.get("name")
    question, _, rest = about.partition(" Offered by ")
    sections = {"method": [], "property": [], "signal": []}
    before = ""
    for child in interface:
        if child.tag is xml.Comment:
            before = prose(child.text)
        elif child.tag in sections:
            sections[child.tag] += [heading(child), *(["\t" + before] if before else []), ""]
            before = ""
    lines = [f"{name}(5)", "", "# NAME", "", f"{name} - {question.rstrip('.?').lower()}", "", "# DESCRIPTION", "",
             f"Offered by {rest}", "", "Types are written as D-Bus signatures. The contract is installed as "
             f"_/usr/share/dbus-1/interfaces/{name}.xml_.", ""]
    for tag, title in (("method", "METHODS"), ("property", "PROPERTIES"), ("signal", "SIGNALS")):
        if sections[tag]:
            lines += [f"# {title}", "", *sections[tag]]
    return "\n".join([*lines, "# SEE ALSO", "", see_also.get(name, "*alknetctl*(1)") + ", *busctl*(1)"])


if __name__ == "__main__":
    print(page(pathlib.Path(sys.argv[1])))
