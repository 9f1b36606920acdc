//! The classes of one packet.

use super::name::{ClassId, ClassNames, SPAWN_PREFIX, VENDOR_CLASS_PREFIX, push_octets};

/// The classes that a packet is in, in the order in which it joined them.
///
/// Meant to be reused: after [`clear`](Self::clear) it joins the classes of the next packet
/// without allocating. Names that no configuration mentions, such as those made of packet content,
/// are kept as text: nothing can depend on them, but logs and hooks show them.
#[derive(Clone, Debug, Default)]
pub struct ClassSet {
    bits: Vec<u64>,
    order: Vec<Member>,
    /// The names of [`Member::Unmentioned`], one after the other.
    text: String,
    /// Where a name is put together.
    draft: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Member {
    Class(ClassId),
    Unmentioned { start: u32, end: u32 },
}

impl ClassSet {
    /// No classes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Leaves all classes.
    pub fn clear(&mut self) {
        self.bits.fill(0);
        self.order.clear();
        self.text.clear();
    }

    /// True if the packet is in the class.
    #[inline]
    pub fn contains(&self, class: ClassId) -> bool {
        let (word, bit) = place(class);
        self.bits.get(word).is_some_and(|bits| bits & bit != 0)
    }

    /// Joins a class at the end of the order. False if the packet was in it already.
    pub fn insert(&mut self, class: ClassId) -> bool {
        let (word, bit) = place(class);
        if word >= self.bits.len() {
            self.bits.resize(word + 1, 0);
        }
        if self.bits[word] & bit != 0 {
            return false;
        }
        self.bits[word] |= bit;
        self.order.push(Member::Class(class));
        true
    }

    /// Leaves a class. False if the packet was not in it.
    pub fn remove(&mut self, class: ClassId) -> bool {
        if !self.contains(class) {
            return false;
        }
        let (word, bit) = place(class);
        self.bits[word] &= !bit;
        self.order.retain(|&member| member != Member::Class(class));
        true
    }

    /// Joins a class by name; see [`insert`](Self::insert).
    pub fn insert_name(&mut self, names: &ClassNames, name: &str) -> bool {
        if let Some(class) = names.id(name) {
            return self.insert(class);
        }
        let present = self.order.iter().any(|member| match *member {
            Member::Unmentioned { start, end } => self.text(start, end) == name,
            Member::Class(_) => false,
        });
        if present {
            return false;
        }
        // Names come from packets and configurations, together far below 4 GiB.
        let start = self.text.len() as u32;
        self.text.push_str(name);
        self.order.push(Member::Unmentioned { start, end: self.text.len() as u32 });
        true
    }

    /// True if the packet is in the class of that name.
    pub fn contains_name(&self, names: &ClassNames, name: &str) -> bool {
        match names.id(name) {
            Some(class) => self.contains(class),
            None => self.names(names).any(|member| member == name),
        }
    }

    /// Joins `VENDOR_CLASS_` plus the vendor class that the client sent: the content of DHCPv4
    /// option 60, or the first data chunk of DHCPv6 option 16.
    pub fn insert_vendor_class(&mut self, names: &ClassNames, vendor_class: &[u8]) -> bool {
        self.insert_made(names, &[VENDOR_CLASS_PREFIX], vendor_class)
    }

    /// Joins the class that template class `template` spawns for `value`.
    pub(super) fn insert_spawned(&mut self, names: &ClassNames, template: &str, value: &[u8]) {
        self.insert_made(names, &[SPAWN_PREFIX, template, "_"], value);
    }

    /// Leaves the classes that template class `template` spawned.
    pub(super) fn remove_spawned(&mut self, names: &ClassNames, template: &str) {
        let is_spawned = |name: &str| {
            let value =
                name.strip_prefix(SPAWN_PREFIX).and_then(|rest| rest.strip_prefix(template));
            value.is_some_and(|rest| rest.starts_with('_'))
        };
        let ClassSet { bits, order, text, .. } = self;
        order.retain(|member| match *member {
            Member::Class(class) if is_spawned(names.name(class)) => {
                let (word, bit) = place(class);
                if let Some(bits) = bits.get_mut(word) {
                    *bits &= !bit;
                }
                false
            }
            Member::Class(_) => true,
            Member::Unmentioned { start, end } => {
                !text.get(start as usize..end as usize).is_some_and(is_spawned)
            }
        });
    }

    fn insert_made(&mut self, names: &ClassNames, prefix: &[&str], octets: &[u8]) -> bool {
        let mut draft = std::mem::take(&mut self.draft);
        draft.clear();
        draft.extend(prefix.iter().copied());
        push_octets(&mut draft, octets);
        let inserted = self.insert_name(names, &draft);
        self.draft = draft;
        inserted
    }

    /// The classes with a number, in order.
    pub fn ids(&self) -> impl Iterator<Item = ClassId> + '_ {
        self.order.iter().filter_map(|member| match *member {
            Member::Class(class) => Some(class),
            Member::Unmentioned { .. } => None,
        })
    }

    /// All names, in order. `names` must be those that the classes were numbered with.
    pub fn names<'a>(&'a self, names: &'a ClassNames) -> impl Iterator<Item = &'a str> + 'a {
        self.order.iter().map(|member| match *member {
            Member::Class(class) => names.name(class),
            Member::Unmentioned { start, end } => self.text(start, end),
        })
    }

    /// How many classes the packet is in.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// True if the packet is in none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    fn text(&self, start: u32, end: u32) -> &str {
        self.text.get(start as usize..end as usize).unwrap_or("")
    }
}

#[inline]
fn place(class: ClassId) -> (usize, u64) {
    (class.index() / 64, 1 << (class.index() % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn order_is_that_of_joining() {
        let mut names = ClassNames::new();
        let far = (0..100).map(|n| names.intern(&format!("c{n}"))).last().unwrap();
        let mut set = ClassSet::new();
        assert!(set.insert(far));
        assert!(set.insert(ClassId::ALL));
        assert!(set.insert_vendor_class(&names, b"docsis3.0\x00"));
        assert!(set.insert_name(&names, "c0"));
        assert!(!set.insert(far));
        assert!(!set.insert_name(&names, "VENDOR_CLASS_docsis3.0%00"));
        let joined: Vec<&str> = set.names(&names).collect();
        assert_eq!(joined, ["c99", "ALL", "VENDOR_CLASS_docsis3.0%00", "c0"]);
        assert!(set.contains_name(&names, "VENDOR_CLASS_docsis3.0%00"));
        assert!(set.remove(far) && !set.contains(far) && !set.remove(far));
        assert_eq!(set.len(), 3);
        set.clear();
        assert!(set.is_empty() && !set.contains(ClassId::ALL));
    }

    #[test]
    fn a_mentioned_vendor_class_gets_its_number() {
        let mut names = ClassNames::new();
        let docsis = names.intern("VENDOR_CLASS_docsis3.0");
        let mut set = ClassSet::new();
        set.insert_vendor_class(&names, b"docsis3.0");
        assert!(set.contains(docsis));
    }
}
