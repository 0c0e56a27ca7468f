//! The disk: what a process sees of it, and what it keeps.

use std::collections::{BTreeMap, HashMap};
use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::calls::Event;

/// A file or folder, whatever its names.
#[derive(Debug)]
enum Node {
    File { seen: Vec<u8>, kept: Vec<u8> },
    Folder { seen: Names, kept: Names },
}

type Names = BTreeMap<String, usize>;

#[derive(Debug, Clone, Copy)]
struct Open {
    node: usize,
    at: u64,
    append: bool,
}

/// What a sync that is under way will have kept.
#[derive(Debug)]
enum Covered {
    File(usize, Vec<u8>),
    Folder(usize, Names),
    Elsewhere,
}

/// A sync that is under way.
#[derive(Debug)]
struct Sync {
    number: u64,
    covered: Covered,
}

/// A folder on a disk; the first node is the folder itself.
#[derive(Debug)]
pub struct Disk {
    root: PathBuf,
    nodes: Vec<Node>,
    /// Descriptors of files elsewhere, and of sockets, have none.
    open: HashMap<i32, Open>,
    syncs: HashMap<u32, Sync>,
    /// The number of the newest sync that began.
    begun: u64,
    /// The number of the sync that said last what is kept of a node.
    kept_by: HashMap<usize, u64>,
}

impl Disk {
    /// The folder as it is in a copy, all of it kept.
    pub fn of(root: &Path, copy: &Path) -> Self {
        let mut disk = Self {
            root: root.to_owned(),
            nodes: Vec::new(),
            open: HashMap::new(),
            syncs: HashMap::new(),
            begun: 0,
            kept_by: HashMap::new(),
        };
        disk.load(copy);
        disk
    }

    fn load(&mut self, folder: &Path) -> usize {
        let at = self.add_folder();
        let mut names = Names::new();
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            let node = if entry.file_type().unwrap().is_dir() {
                self.load(&entry.path())
            } else {
                let seen = fs::read(entry.path()).unwrap();
                let kept = seen.clone();
                self.add(Node::File { seen, kept })
            };
            names.insert(entry.file_name().into_string().unwrap(), node);
        }
        self.nodes[at] = Node::Folder {
            seen: names.clone(),
            kept: names,
        };
        at
    }

    fn add(&mut self, node: Node) -> usize {
        self.nodes.push(node);
        self.nodes.len() - 1
    }

    fn add_folder(&mut self) -> usize {
        self.add(Node::Folder {
            seen: Names::new(),
            kept: Names::new(),
        })
    }

    pub fn play(&mut self, event: &Event) {
        match event {
            Event::Open {
                fd,
                path,
                create,
                truncate,
                append,
            } => self.opened(*fd, path, (*create, *truncate, *append)),
            Event::Close { fd } => {
                self.open.remove(fd);
            }
            Event::Dup { from, to } => {
                // Both share a position; none of ours is written through two descriptors.
                if let Some(open) = self.open.get(from).copied() {
                    self.open.insert(*to, open);
                }
            }
            Event::Seek { fd, at } => {
                if let Some(open) = self.open.get_mut(fd) {
                    open.at = *at;
                }
            }
            Event::Write { fd, at, bytes } => self.written(*fd, *at, bytes),
            Event::Truncate { fd, size } => {
                if let Some(open) = self.open.get(fd)
                    && let Node::File { seen, .. } = &mut self.nodes[open.node]
                {
                    seen.resize(usize::try_from(*size).unwrap(), 0);
                }
            }
            Event::Rename { from, to } => {
                if let Some(node) = self.unname(from) {
                    self.name(to, node);
                }
            }
            Event::Link { from, to } => {
                if let Some(node) = self.find(from) {
                    self.name(to, node);
                }
            }
            Event::Remove { path } => {
                self.unname(path);
            }
            Event::MakeFolder { path } => {
                if self.inside(path).is_some() {
                    let node = self.add_folder();
                    self.name(path, node);
                }
            }
            Event::SyncBegins { thread, fd } => {
                self.begun += 1;
                let (number, covered) = (self.begun, self.covered(*fd));
                self.syncs.insert(*thread, Sync { number, covered });
            }
            Event::SyncEnds { thread } => self.synced(*thread),
            Event::Sent(_) => {}
        }
    }

    fn opened(&mut self, fd: i32, path: &Path, (create, truncate, append): (bool, bool, bool)) {
        self.open.remove(&fd);
        if self.inside(path).is_none() {
            return;
        }
        let node = match self.find(path) {
            Some(node) => node,
            None if create => {
                let node = self.add(Node::File {
                    seen: Vec::new(),
                    kept: Vec::new(),
                });
                self.name(path, node);
                node
            }
            None => panic!("`{}` was opened and is not there", path.display()),
        };
        if truncate && let Node::File { seen, .. } = &mut self.nodes[node] {
            seen.clear();
        }
        self.open.insert(
            fd,
            Open {
                node,
                at: 0,
                append,
            },
        );
    }

    fn written(&mut self, fd: i32, at: Option<u64>, bytes: &[u8]) {
        let Some(open) = self.open.get_mut(&fd) else {
            return;
        };
        let Node::File { seen, .. } = &mut self.nodes[open.node] else {
            panic!("a folder was written to");
        };
        let start = match at {
            Some(at) => usize::try_from(at).unwrap(),
            None if open.append => seen.len(),
            None => usize::try_from(open.at).unwrap(),
        };
        let end = start + bytes.len();
        if seen.len() < end {
            seen.resize(end, 0);
        }
        seen[start..end].copy_from_slice(bytes);
        if at.is_none() {
            open.at = end as u64;
        }
    }

    fn covered(&self, fd: i32) -> Covered {
        match self.open.get(&fd) {
            None => Covered::Elsewhere,
            Some(open) => match &self.nodes[open.node] {
                Node::File { seen, .. } => Covered::File(open.node, seen.clone()),
                Node::Folder { seen, .. } => Covered::Folder(open.node, seen.clone()),
            },
        }
    }

    /// What it covers is kept, unless a sync that began later has ended: then more is.
    fn synced(&mut self, thread: u32) {
        let Some(Sync { number, covered }) = self.syncs.remove(&thread) else {
            return;
        };
        let (Covered::File(node, _) | Covered::Folder(node, _)) = covered else {
            return;
        };
        if self.kept_by.get(&node).is_some_and(|by| *by > number) {
            return;
        }
        self.kept_by.insert(node, number);
        match (&mut self.nodes[node], covered) {
            (Node::File { kept, .. }, Covered::File(_, bytes)) => *kept = bytes,
            (Node::Folder { kept, .. }, Covered::Folder(_, names)) => *kept = names,
            _ => {}
        }
    }

    /// The names below the folder that lead to a path in it.
    fn inside(&self, path: &Path) -> Option<Vec<String>> {
        let below = path.strip_prefix(&self.root).ok()?;
        let names = below.components().map(|part| part.as_os_str().to_str());
        names.map(|name| name.map(str::to_owned)).collect()
    }

    fn find(&self, path: &Path) -> Option<usize> {
        let names = self.inside(path)?;
        names.iter().try_fold(0, |at, name| match &self.nodes[at] {
            Node::Folder { seen, .. } => seen.get(name).copied(),
            Node::File { .. } => None,
        })
    }

    fn names_of(&mut self, path: &Path) -> Option<(&mut Names, String)> {
        let mut names = self.inside(path)?;
        let last = names.pop()?;
        let folder = self.find(path.parent()?)?;
        match &mut self.nodes[folder] {
            Node::Folder { seen, .. } => Some((seen, last)),
            Node::File { .. } => None,
        }
    }

    fn name(&mut self, path: &Path, node: usize) {
        if let Some((names, last)) = self.names_of(path) {
            names.insert(last, node);
        }
    }

    fn unname(&mut self, path: &Path) -> Option<usize> {
        let (names, last) = self.names_of(path)?;
        names.remove(&last)
    }

    /// Writes what is kept to a folder, which is made.
    pub fn write_kept(&self, to: &Path) {
        self.write_node(0, to);
    }

    fn write_node(&self, node: usize, to: &Path) {
        match &self.nodes[node] {
            Node::File { kept, .. } => {
                fs::write(to, kept).unwrap();
                // Secrets are for their owner only, and a program may look.
                fs::set_permissions(to, Permissions::from_mode(0o600)).unwrap();
            }
            Node::Folder { kept, .. } => {
                fs::create_dir_all(to).unwrap();
                for (name, &node) in kept {
                    self.write_node(node, &to.join(name));
                }
            }
        }
    }
}
