//! A second opinion: the command names that another parser finds must be among our parts.

use crate::look;
use keep_shell::Sort;
use tree_sitter::{Node, Parser};

/// Literal command names, wherever they stand in the tree.
fn names(node: Node<'_>, text: &str, out: &mut Vec<String>) {
    if node.kind() == "command_name" && node.named_child(0).is_some_and(|child| child.kind() == "word") {
        out.push(text[node.byte_range()].to_owned());
    }
    let mut cursor = node.walk();
    for child in node.children(&mut cursor) {
        names(child, text, out);
    }
}

#[test]
fn another_parser_finds_no_command_that_we_do_not() {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_bash::LANGUAGE.into()).unwrap();
    for text in [
        "ls -la | grep x && wc -l < y || date",
        "for i in $(seq 3); do touch \"$i\"; done; while read -r x; do head \"$x\"; done < list",
        "if [ -f x ]; then cat x; elif test -d y; then ls y; else stat z; fi",
        "case $x in a|b) tail a;; *) sort b;; esac",
        "(cd a && make) & wait; { id; whoami; } > out",
        "diff <(sort a) <(uniq b)",
        "echo \"$(basename \"$(pwd)\")\" `hostname`",
        "cat <<E\n$(date) and `uname`\nE\nls",
        "x=$(nproc) make -j\"$x\"; ! grep -q a b",
        "f() { sed -n 1p \"$1\"; }; f a; function g { awk 1; }; g",
        "[[ -n $(git status) ]] && git diff",
        "a=(x $(ls)); echo ${a[@]} ${b:-$(tac y)} $((1 + $(wc -l < z)))",
        "until ping -c1 x; do sleep 1; done",
        "git commit -m \"$(cat <<'E'\nit's (fine\nE\n)\"; ls",
        "ls; select_it=1; echo a # rm -rf b",
        "echo a\\\n b; ls;rm c",
    ] {
        let tree = parser.parse(text, None).unwrap();
        assert!(!tree.root_node().has_error(), "the other parser refuses {text:?}");
        let mut found = Vec::new();
        names(tree.root_node(), text, &mut found);
        let analysis = look(text);
        assert!(analysis.unparsable.is_none(), "{text:?}: {:?}", analysis.unparsable);
        for name in found.iter().filter(|name| !matches!(name.as_str(), "f" | "g")) {
            let seen = analysis.parts.iter().any(|part| {
                part.argv.first().is_some_and(|word| word.sort == Sort::Known && word.text == *name)
            });
            assert!(seen, "{text:?}: {name:?} is missing\n{}", analysis.explain());
        }
    }
}
