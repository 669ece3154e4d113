//! What one source file says: which writers it names, and its functions.

use crate::layers::table::{PROOFS, WRITERS};
use proc_macro2::{TokenStream, TokenTree};
use std::collections::BTreeSet;
use std::path::Path;
use syn::visit::{self, Visit};
use syn::{Attribute, Block, ImplItemFn, ItemFn, Signature, TraitItemFn, UseTree, Visibility};

/// Where a file lies in its engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    /// In `store/` or `effects/`.
    Inside,
    /// Anywhere else.
    Outside,
}

/// One file, read.
#[derive(Debug)]
pub(crate) struct SourceFile {
    pub(crate) shown: String,
    pub(crate) room: Room,
    /// The writers that it names anywhere.
    pub(crate) writers_named: BTreeSet<String>,
    /// What would hide a writer's name from this check: whole imports, type aliases, macros.
    pub(crate) hides: BTreeSet<String>,
    pub(crate) functions: Vec<Function>,
}

/// One function, method or trait method with a body.
#[derive(Debug)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// Whether code outside its module can call it.
    pub(crate) open: bool,
    /// Whether it names a writer itself.
    pub(crate) changes: bool,
    /// Whether it takes a permit or what came from one.
    pub(crate) has_proof: bool,
    /// The names of what it calls by path, or on `self`.
    pub(crate) calls: BTreeSet<String>,
}

/// Reads one file.
pub(crate) fn file(shown: &str, room: Room, text: &str) -> syn::Result<SourceFile> {
    let parsed = syn::parse_file(text)?;
    let mut imports = Imports::default();
    imports.visit_file(&parsed);
    let mut names = Names::new(&imports.aliases);
    names.visit_file(&parsed);
    let mut functions =
        Functions { aliases: &imports.aliases, within_room: is_within_room(shown), found: Vec::new() };
    functions.visit_file(&parsed);
    Ok(SourceFile {
        shown: shown.to_owned(),
        room,
        writers_named: names.found,
        hides: imports.hides,
        functions: functions.found,
    })
}

/// The names under which this file knows writers, whatever it renamed them to.
#[derive(Default)]
struct Imports {
    aliases: BTreeSet<String>,
    hides: BTreeSet<String>,
}

impl Imports {
    fn walk(&mut self, path: &[String], tree: &UseTree) {
        match tree {
            UseTree::Path(step) => {
                let mut path = path.to_vec();
                path.push(step.ident.to_string());
                self.walk(&path, &step.tree);
            }
            UseTree::Group(group) => group.items.iter().for_each(|item| self.walk(path, item)),
            UseTree::Name(leaf) => {
                self.leaf(path, &leaf.ident.to_string(), &leaf.ident.to_string());
            }
            UseTree::Rename(leaf) => {
                self.leaf(path, &leaf.ident.to_string(), &leaf.rename.to_string());
            }
            UseTree::Glob(_) => {
                if let Some(first) = path.first().filter(|first| writer_crate(first)) {
                    self.hides.insert(format!("`use {first}::*`"));
                }
            }
        }
    }

    fn leaf(&mut self, path: &[String], name: &str, known_as: &str) {
        let first = path.first().map_or(name, String::as_str);
        let is_writer = WRITERS
            .iter()
            .any(|writer| writer.krate == first && writer.types.is_none_or(|types| types.contains(&name)));
        if is_writer {
            self.aliases.insert(known_as.to_owned());
        }
    }
}

impl<'ast> Visit<'ast> for Imports {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.walk(&[], &item.tree);
    }

    fn visit_item_type(&mut self, item: &'ast syn::ItemType) {
        let mut names = Names::new(&self.aliases);
        names.visit_type(&item.ty);
        if !names.found.is_empty() {
            self.hides.insert(format!("`type {}`", item.ident));
        }
    }

    fn visit_item_macro(&mut self, item: &'ast syn::ItemMacro) {
        let mut names = Names::new(&self.aliases);
        names.tokens(item.mac.tokens.clone());
        if let Some(name) = &item.ident
            && !names.found.is_empty()
        {
            self.hides.insert(format!("the macro `{name}`"));
        }
    }
}

fn writer_crate(name: &str) -> bool {
    WRITERS.iter().any(|writer| writer.krate == name)
}

/// Whether one word names a writer: its type, its crate where all of the crate counts, or an alias.
fn is_writer(word: &str, aliases: &BTreeSet<String>) -> bool {
    aliases.contains(word)
        || WRITERS.iter().any(|writer| match writer.types {
            Some(types) => types.contains(&word),
            None => writer.krate == word,
        })
}

/// Collects the writers named, and what is called, in a piece of syntax.
struct Names<'a> {
    aliases: &'a BTreeSet<String>,
    found: BTreeSet<String>,
    calls: BTreeSet<String>,
}

impl<'a> Names<'a> {
    fn new(aliases: &'a BTreeSet<String>) -> Self {
        Self { aliases, found: BTreeSet::new(), calls: BTreeSet::new() }
    }

    /// A macro's inside is not parsed; its words are looked at one by one.
    fn tokens(&mut self, tokens: TokenStream) {
        let mut after_dot = false;
        for tree in tokens {
            match tree {
                TokenTree::Group(group) => self.tokens(group.stream()),
                TokenTree::Ident(word) => {
                    let word = word.to_string();
                    if is_writer(&word, self.aliases) {
                        self.found.insert(format!("`{word}`"));
                    } else if after_dot && is_method(&word) {
                        self.found.insert(format!("`.{word}(`"));
                    } else {
                        self.calls.insert(word);
                    }
                    after_dot = false;
                }
                TokenTree::Punct(mark) => after_dot = mark.as_char() == '.',
                TokenTree::Literal(_) => after_dot = false,
            }
        }
    }
}

/// Whether a method of this name changes things on some writer. By name alone: nothing else in an
/// engine should be called so, and a stream has `write_all`.
fn is_method(name: &str) -> bool {
    WRITERS.iter().any(|writer| writer.methods.contains(&name))
}

impl<'ast> Visit<'ast> for Names<'_> {
    fn visit_ident(&mut self, word: &'ast proc_macro2::Ident) {
        let word = word.to_string();
        if is_writer(&word, self.aliases) {
            self.found.insert(format!("`{word}`"));
        }
    }

    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        let name = call.method.to_string();
        // A lock's `write()` takes nothing; every writer's takes what it writes.
        if is_method(&name) && !call.args.is_empty() {
            self.found.insert(format!("`.{name}(`"));
        }
        if matches!(&*call.receiver, syn::Expr::Path(path) if path.path.is_ident("self")) {
            self.calls.insert(name);
        }
        visit::visit_expr_method_call(self, call);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        // Any path in a body counts as a call: a function handed on by name is called in the end.
        if let Some(last) = path.segments.last() {
            let name = last.ident.to_string();
            if path.segments.len() > 1 && is_method(&name) && path.segments[0].ident == "Db" {
                self.found.insert(format!("`Db::{name}`"));
            }
            self.calls.insert(name);
        }
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, item: &'ast syn::Macro) {
        self.tokens(item.tokens.clone());
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if !for_tests(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }
}

/// Collects a file's functions.
struct Functions<'a> {
    aliases: &'a BTreeSet<String>,
    /// Whether the module above is in the room as well.
    within_room: bool,
    found: Vec<Function>,
}

impl Functions<'_> {
    /// Whether code outside `store/` and `effects/` can call what is this visible.
    fn is_open(&self, visibility: &Visibility) -> bool {
        match visibility {
            Visibility::Inherited => false,
            Visibility::Restricted(to) => !(self.within_room && to.path.is_ident("super")),
            Visibility::Public(_) => true,
        }
    }

    fn add(&mut self, open: bool, signature: &Signature, body: &Block) {
        let mut names = Names::new(self.aliases);
        names.visit_signature(signature);
        names.calls.clear();
        names.visit_block(body);
        let mut proof = Proof(false);
        signature.inputs.iter().for_each(|input| proof.visit_fn_arg(input));
        let name = signature.ident.to_string();
        names.calls.remove(&name);
        self.found.push(Function {
            name,
            open,
            changes: !names.found.is_empty(),
            has_proof: proof.0,
            calls: names.calls,
        });
    }
}

impl<'ast> Visit<'ast> for Functions<'_> {
    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if !for_tests(&item.attrs) {
            self.add(self.is_open(&item.vis), &item.sig, &item.block);
        }
    }

    fn visit_impl_item_fn(&mut self, item: &'ast ImplItemFn) {
        self.add(self.is_open(&item.vis), &item.sig, &item.block);
    }

    fn visit_item_impl(&mut self, item: &'ast syn::ItemImpl) {
        let first = self.found.len();
        visit::visit_item_impl(self, item);
        if item.trait_.is_some() {
            // Whoever sees the trait can call its methods; they carry no visibility of their own.
            self.found[first..].iter_mut().for_each(|function| function.open = true);
        }
    }

    fn visit_trait_item_fn(&mut self, item: &'ast TraitItemFn) {
        if let Some(body) = &item.default {
            self.add(true, &item.sig, body);
        }
    }

    fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
        if !for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }
}

/// Whether a type mentions a permit.
struct Proof(bool);

impl<'ast> Visit<'ast> for Proof {
    fn visit_ident(&mut self, word: &'ast proc_macro2::Ident) {
        self.0 |= PROOFS.iter().any(|proof| word == proof);
    }
}

/// Whether a file is a module of `store` or `effects`, and not that module itself.
fn is_within_room(shown: &str) -> bool {
    let path = Path::new(shown);
    let folder = path.parent().and_then(Path::file_name).and_then(|name| name.to_str());
    matches!(folder, Some("store" | "effects")) && path.file_name().is_some_and(|name| name != "mod.rs")
}

fn for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("test")
            || (attribute.path().is_ident("cfg")
                && attribute.parse_args::<syn::Path>().is_ok_and(|what| what.is_ident("test")))
    })
}
