"""The part of check.sh that reads text.  Usage: check.py lint|audit|table|ledger SOURCE BUILD

lint    refuses what must not stand in a proof; compares Claims.v with theorems.txt, and
        theorems.txt with ../claims.toml if there is one; writes BUILD/Audit.v
audit   compares the axioms that Coq reports with theorems.txt
table   prints what theorems.txt should hold, from the same report
ledger  prints the theorems that each entry of claims.toml should name
"""

import re
import sys
from pathlib import Path

ALLOWED = {
    "FunctionalExtensionality.functional_extensionality_dep",
    "ClassicalDedekindReals.sig_forall_dec",
    "ClassicalDedekindReals.sig_not_dec",
    "Classical_Prop.classic",
}

# Words that could make a false statement pass, or change how Coq checks.
FORBIDDEN = (
    "Admitted admit give_up Abort Axiom Axioms Conjecture Conjectures Primitive Register "
    "Program Obligation Obligations Include Load Redirect Drop Cd Fail "
    "Set Unset Test Extraction Extract native_compute"
).split()
SECTION_ONLY = "Variable Variables Hypothesis Hypotheses Context".split()
CLAIM = re.compile(r"^\(\* claim: ([a-z0-9.-]+) \*\)\nParameter ([a-z0-9_]+) :", re.M)


def refuse(sentence):
    sys.exit(f"REFUSED: {sentence}")


def strip_comments(text, name):
    """The code without its (nested) comments.  Quotes in comments and comment marks in
    strings are refused, because they are how text can look like a comment and not be one."""
    code, depth, in_string, i = [], 0, False, 0
    while i < len(text):
        two = text[i : i + 2]
        if in_string:
            if two in ("(*", "*)"):
                refuse(f"{name} has a comment mark inside a string")
            in_string = text[i] != '"'
            i += 1
        elif two == "(*":
            depth, i = depth + 1, i + 2
        elif two == "*)":
            depth, i = depth - 1, i + 2
            if depth < 0:
                refuse(f"{name} closes a comment that it did not open")
        elif text[i] == '"':
            if depth:
                refuse(f"{name} has a double quote inside a comment")
            in_string, i = True, i + 1
        else:
            if not depth:
                code.append(text[i])
            i += 1
    if depth or in_string:
        refuse(f"{name} ends inside a comment or a string")
    return "".join(code)


def lint_file(path):
    code = strip_comments(path.read_text(), path.name)
    words = set(re.findall(r"[A-Za-z_][A-Za-z0-9_']*", code))
    for word in FORBIDDEN:
        if word in words:
            refuse(f"{path.name} uses {word}")
    if "#[" in code:
        refuse(f"{path.name} uses an attribute, which could switch a check off")
    is_claims = path.name == "Claims.v"
    if is_claims and words & {"Notation", "Infix", "Definition", "Coercion", "Canonical"}:
        refuse("Claims.v defines something; it may hold statements only")
    stack = []
    for sentence in re.split(r"\.(?=\s|$)", code):
        # Bullets and braces may stand before a sentence.
        head = re.sub(r"^[\s{}*+-]*((Local|Global|Polymorphic|Monomorphic)\s+)*", "", sentence)
        word = re.match(r"[A-Za-z_]*", head).group()
        if word in SECTION_ONLY and not (stack and stack[-1] == "Section"):
            refuse(f"{path.name} has a {word} outside a section")
        if word in ("Parameter", "Parameters") and stack != ["Type"]:
            refuse(f"{path.name} has a {word} outside the module type of the claims")
        if word == "Declare" and not head.startswith("Declare Scope"):
            refuse(f"{path.name} has a Declare other than of a scope")
        if word == "Section":
            stack.append("Section")
        elif word == "Module" and head.startswith("Module Type"):
            if not is_claims:
                refuse(f"{path.name} has a module type; only Claims.v may")
            stack.append("Type")
        elif word == "Module" and ":=" not in head:
            stack.append("Module")
        elif word == "End":
            if not stack:
                refuse(f"{path.name} has an End too many")
            stack.pop()
    return code


def read_claims(source):
    """Theorem -> claim id, in the order of Claims.v."""
    text = (source / "theories/Claims.v").read_text()
    found = CLAIM.findall(text)
    code = strip_comments(text, "Claims.v")
    if len(found) != len(re.findall(r"\bParameters?\b", code)):
        refuse("Claims.v has a statement without its claim comment in the line above")
    if len({name for _, name in found}) != len(found):
        refuse("Claims.v states a theorem twice")
    for claim, name in found:
        slug = re.sub(r"[.-]", "_", claim)
        if name != slug and not name.startswith(slug + "_"):
            refuse(f"theorem {name} is not named after its claim {claim}")
    return {name: claim for claim, name in found}


def read_table(source):
    """Theorem -> (claim, layer, axioms) from theorems.txt."""
    table = {}
    for line in (source / "theorems.txt").read_text().splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split()
        if len(fields) != 4 or fields[2] not in ("ring", "real"):
            refuse(f"theorems.txt has a line that is not 'theorem claim ring|real axioms': {line}")
        if fields[0] in table:
            refuse(f"theorems.txt lists {fields[0]} twice")
        table[fields[0]] = tuple(fields[1:])
    return table


def lint_sources(source, build):
    listed = [l for l in (source / "_CoqProject").read_text().splitlines() if l.endswith(".v")]
    present = {f"theories/{p.name}" for p in (source / "theories").glob("*.v")}
    if set(listed) != present or len(set(listed)) != len(listed):
        refuse("_CoqProject does not list exactly the files of theories/, each once")
    codes = {Path(f).name: lint_file(source / f) for f in listed}
    if len(re.findall(r"Module\s+Proved\s*:\s*Claims\s*\.", codes["Proved.v"])) != 1:
        refuse("Proved.v does not seal its proofs against the statements of Claims.v")
    audit = ["From DropoutOracle Require Import Claims Proved.", "Module Sealed : Claims := Proved."]
    audit += [f'Redirect "{n}" Print Assumptions Proved.{n}.' for n in read_claims(source)]
    (build / "Audit.v").write_text("\n".join(audit) + "\n")


def lint(source, build):
    lint_sources(source, build)
    claims, table = read_claims(source), read_table(source)
    for name in table:
        if name not in claims:
            refuse(f"theorems.txt lists {name}, which Claims.v does not state")
    for name, claim in claims.items():
        if name not in table:
            refuse(f"theorem {name} is missing from theorems.txt")
        if table[name][0] != claim:
            refuse(f"theorem {name} is for {claim} in Claims.v but for {table[name][0]} in theorems.txt")
    ledger = source.parent / "claims.toml"
    if ledger.exists():
        check_ledger(ledger, table)


def audited(build, name):
    """The axioms that theorem `name` rests on, by their short names."""
    text = (build / f"{name}.out").read_text()
    if text.strip() == "Closed under the global context":
        return "none"
    if not text.startswith("Axioms:\n"):
        refuse(f"Coq's account of {name} could not be read")
    axioms = re.findall(r"^(\S+)", text, re.M)[1:]
    for axiom in axioms:
        if axiom not in ALLOWED:
            refuse(f"{name} rests on {axiom}, which is not among the allowed axioms")
    return ",".join(sorted(a.split(".")[-1] for a in axioms))


def read_ledger(path):
    """Claim id -> theorem names, from the [[claim]] entries of claims.toml."""
    ledger = {}
    for entry in re.split(r"^\[\[claim\]\]", path.read_text(), flags=re.M)[1:]:
        ident = re.search(r'^id\s*=\s*"([^"]*)"', entry, re.M)
        if not ident:
            refuse("claims.toml has an entry without an id")
        if ident.group(1) in ledger:
            refuse(f"claims.toml has two entries {ident.group(1)}")
        names = re.search(r"^theorems\s*=\s*\[(.*?)\]", entry, re.M | re.S)
        ledger[ident.group(1)] = re.findall(r'"([^"]+)"', names.group(1)) if names else []
    return ledger


def check_ledger(path, table):
    ledger = read_ledger(path)
    for claim, names in ledger.items():
        for name in names:
            if name not in table:
                refuse(f"claims.toml names theorem {name} for {claim}, but theorems.txt has no such theorem")
            if table[name][0] != claim:
                refuse(f"claims.toml gives theorem {name} to {claim}, theorems.txt to {table[name][0]}")
    for name, (claim, _, _) in table.items():
        if name not in ledger.get(claim, []):
            refuse(f"theorem {name} is not named by the entry {claim} of claims.toml")


def audit(source, build):
    claims, table = read_claims(source), read_table(source)
    for name, claim in claims.items():
        axioms, (_, layer, listed) = audited(build, name), table[name]
        if listed != axioms:
            refuse(f"theorem {name} rests on {axioms}, but theorems.txt says {listed}")
        if layer == "ring" and axioms != "none":
            refuse(f"theorem {name} is of the ring layer, yet rests on axioms")
        print(f"PROVED {name} ({claim}, axioms: {axioms})")
    print(f"{len(claims)} theorems proved, for {len(set(claims.values()))} claims")


def table(source, build):
    print("# theorem  claim  layer  axioms")
    for name, claim in read_claims(source).items():
        axioms = audited(build, name)
        print(name, claim, "ring" if axioms == "none" else "real", axioms)


def ledger(source, _build):
    by_claim = {}
    for name, claim in read_claims(source).items():
        by_claim.setdefault(claim, []).append(f'"{name}"')
    for claim, names in sorted(by_claim.items()):
        print(f"# {claim}\ntheorems = [{', '.join(names)}]")


if __name__ == "__main__":
    commands = {"lint": lint, "lint-sources": lint_sources, "audit": audit, "table": table, "ledger": ledger}
    commands[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
