//! The source of a crate as the architecture tests see it: which module uses which, and what it declares.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Item, UseTree, Visibility};

/// A module's path below the crate: `["web", "http", "csrf"]`.
pub type ModulePath = Vec<String>;

/// One source file.
pub struct Source {
    /// Where it is, below `src`.
    pub file: PathBuf,
    pub module: ModulePath,
    pub text: String,
    syntax: syn::File,
}

/// Every source file of a crate.
pub struct Sources {
    pub files: Vec<Source>,
    modules: BTreeSet<ModulePath>,
    /// What a module re-exports: name to path.
    exports: BTreeMap<ModulePath, BTreeMap<String, ModulePath>>,
}

impl Sources {
    /// This crate, without its tests.
    pub fn read() -> Self {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
        let mut found = Vec::new();
        collect(&root, &mut found);
        Self::parse(found.into_iter().map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            (path.strip_prefix(&root).unwrap().to_owned(), text)
        }))
    }

    /// A crate of these files, for planting faults.
    pub fn from_files(files: &[(&str, &str)]) -> Self {
        Self::parse(files.iter().map(|(file, text)| (PathBuf::from(file), (*text).to_owned())))
    }

    fn parse(files: impl Iterator<Item = (PathBuf, String)>) -> Self {
        let files: Vec<Source> = files
            .map(|(file, text)| {
                let mut syntax =
                    syn::parse_file(&text).unwrap_or_else(|error| panic!("src/{}: {error}", file.display()));
                syntax.items.retain(|item| !is_test_module(item));
                Source { module: module_of(&file), file, text, syntax }
            })
            .collect();
        let modules = files.iter().map(|source| source.module.clone()).collect();
        let mut sources = Self { files, modules, exports: BTreeMap::new() };
        for source in &sources.files {
            let mut exports = BTreeMap::new();
            for item in &source.syntax.items {
                if let Item::Use(item) = item
                    && !matches!(item.vis, Visibility::Inherited)
                {
                    for (path, name) in leaves(&item.tree) {
                        if let Some(path) = sources.absolute(&source.module, &path) {
                            exports.insert(name, path);
                        }
                    }
                }
            }
            sources.exports.insert(source.module.clone(), exports);
        }
        sources
    }

    /// A path as written in `module`, from the crate's root; `None` for paths into other crates.
    fn absolute(&self, module: &[String], path: &[String]) -> Option<ModulePath> {
        let mut base = module.to_vec();
        let rest = match path.first()?.as_str() {
            "crate" => {
                base.clear();
                &path[1..]
            }
            "self" => &path[1..],
            "super" => {
                let ups = path.iter().take_while(|segment| *segment == "super").count();
                base.truncate(base.len().checked_sub(ups)?);
                &path[ups..]
            }
            first => {
                let mut child = base.clone();
                child.push(first.to_owned());
                if !self.modules.contains(&child) {
                    return None;
                }
                path
            }
        };
        base.extend(rest.iter().filter(|segment| *segment != "self" && *segment != "*").cloned());
        Some(base)
    }

    /// The module that defines what an absolute path names, past re-exports.
    fn definition(&self, path: &[String]) -> Option<ModulePath> {
        let mut path = path.to_vec();
        for _ in 0..8 {
            let known = (0..=path.len()).rev().find(|length| self.modules.contains(&path[..*length]))?;
            let (module, rest) = path.split_at(known);
            let Some(next) = rest.first().and_then(|name| self.exports.get(module)?.get(name)) else {
                return Some(module.to_vec());
            };
            path = next.iter().chain(&rest[1..]).cloned().collect();
        }
        None
    }

    /// The modules that `source` uses, each with one path that shows it.
    pub fn dependencies(&self, source: &Source) -> BTreeMap<ModulePath, String> {
        let mut paths = Paths::default();
        paths.visit_file(&source.syntax);
        let mut aliases = BTreeMap::new();
        let mut found = BTreeMap::new();
        let mut add = |absolute: &[String], shown: &[String]| {
            if let Some(module) = self.definition(absolute)
                && module != source.module
            {
                found.entry(module).or_insert_with(|| shown.join("::"));
            }
        };
        for (path, name) in &paths.imports {
            let Some(absolute) = self.absolute(&source.module, path) else { continue };
            if self.modules.contains(&absolute) {
                // A module's name is a way to its items; which of them are used is seen where they are named.
                aliases.insert(name.clone(), absolute);
            } else {
                add(&absolute, path);
            }
        }
        for path in &paths.used {
            match path.first().and_then(|first| aliases.get(first)) {
                Some(module) => add(&module.iter().chain(&path[1..]).cloned().collect::<Vec<_>>(), path),
                None => {
                    if path.len() > 1
                        && let Some(absolute) = self.absolute(&source.module, path)
                    {
                        add(&absolute, path);
                    }
                }
            }
        }
        found
    }
}

impl Source {
    /// The public types, traits and aliases it declares.
    pub fn public_types(&self) -> Vec<String> {
        let mut types = Types::default();
        types.visit_file(&self.syntax);
        types.0
    }

    /// The first segments of every path it names: the libraries it uses, among others.
    pub fn first_segments(&self) -> BTreeSet<String> {
        let mut paths = Paths::default();
        paths.visit_file(&self.syntax);
        for item in &self.syntax.items {
            if let Item::Use(item) = item {
                paths.imports.extend(leaves(&item.tree));
            }
        }
        let imports = paths.imports.into_iter().map(|(path, _)| path);
        imports.chain(paths.used).filter(|path| path.len() > 1).filter_map(|path| path.into_iter().next()).collect()
    }
}

/// Every identifier of a source text, without those in comments and strings.
pub fn identifiers(text: &str) -> BTreeSet<String> {
    let mut identifiers = BTreeSet::new();
    if let Ok(tokens) = text.parse() {
        flatten(tokens, &mut |token| {
            if let TokenTree::Ident(ident) = token {
                identifiers.insert(ident.to_string());
            }
        });
    }
    identifiers
}

pub fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

fn module_of(file: &Path) -> ModulePath {
    let mut module: ModulePath = file.with_extension("").iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if matches!(module.last().map(String::as_str), Some("mod" | "lib")) {
        module.pop();
    }
    module
}

fn is_test_module(item: &Item) -> bool {
    let Item::Mod(module) = item else { return false };
    module.attrs.iter().any(|attribute| {
        attribute.path().is_ident("cfg") && attribute.parse_args::<syn::Ident>().is_ok_and(|ident| ident == "test")
    })
}

/// Every path of a `use`, with the name it is bound to.
fn leaves(tree: &UseTree) -> Vec<(ModulePath, String)> {
    fn walk(tree: &UseTree, before: &mut ModulePath, found: &mut Vec<(ModulePath, String)>) {
        match tree {
            UseTree::Path(path) => {
                before.push(path.ident.to_string());
                walk(&path.tree, before, found);
                before.pop();
            }
            UseTree::Name(name) if name.ident == "self" => {
                found.push((before.clone(), before.last().cloned().unwrap_or_default()));
            }
            UseTree::Name(name) => {
                let name = name.ident.to_string();
                found.push((before.iter().cloned().chain([name.clone()]).collect(), name));
            }
            UseTree::Rename(rename) => {
                let path = before.iter().cloned().chain([rename.ident.to_string()]).collect();
                found.push((path, rename.rename.to_string()));
            }
            UseTree::Glob(_) => found.push((before.iter().cloned().chain(["*".to_owned()]).collect(), "*".to_owned())),
            UseTree::Group(group) => group.items.iter().for_each(|tree| walk(tree, before, found)),
        }
    }
    let mut found = Vec::new();
    walk(tree, &mut Vec::new(), &mut found);
    found
}

fn flatten(tokens: TokenStream, seen: &mut impl FnMut(&TokenTree)) {
    for token in tokens {
        if let TokenTree::Group(group) = &token {
            flatten(group.stream(), seen);
        }
        seen(&token);
    }
}

/// The paths of a file: those it imports, and those it names.
#[derive(Default)]
struct Paths {
    imports: Vec<(ModulePath, String)>,
    used: Vec<ModulePath>,
}

impl Paths {
    /// Macros are not parsed, so their paths are read from their tokens: identifiers with `::` between them.
    fn scan(&mut self, tokens: TokenStream) {
        let (mut path, mut colons) = (Vec::new(), 0);
        for token in tokens {
            match &token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.finish(&mut path);
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                _ => {
                    self.finish(&mut path);
                    colons = 0;
                }
            }
            if let TokenTree::Group(group) = token {
                self.scan(group.stream());
            }
        }
        self.finish(&mut path);
    }

    fn finish(&mut self, path: &mut ModulePath) {
        let path = std::mem::take(path);
        if path.len() > 1 {
            self.used.push(path);
        }
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        // A re-export makes a folder's map; it is not a use.
        if matches!(item.vis, Visibility::Inherited) {
            self.imports.extend(leaves(&item.tree));
        }
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.used.push(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.scan(call.tokens.clone());
    }
}

#[derive(Default)]
struct Types(Vec<String>);

impl Types {
    fn add(&mut self, visibility: &Visibility, name: &syn::Ident) {
        if !matches!(visibility, Visibility::Inherited) {
            self.0.push(name.to_string());
        }
    }
}

impl<'ast> Visit<'ast> for Types {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Struct(item) => self.add(&item.vis, &item.ident),
            Item::Enum(item) => self.add(&item.vis, &item.ident),
            Item::Trait(item) => self.add(&item.vis, &item.ident),
            Item::Type(item) => self.add(&item.vis, &item.ident),
            Item::Mod(_) => visit::visit_item(self, item),
            _ => {}
        }
    }
}
