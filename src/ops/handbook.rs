//! The operator's handbook of this version, as Markdown. Admins read it in the browser as well, at `/admin/handbook`.

use rust_embed::Embed;

#[derive(Embed)]
#[folder = "assets/handbook/"]
#[include = "*.md"]
struct HandbookFiles;

/// The names of the topics in alphabetical order. `index` is the topic that describes the others.
pub fn topics() -> Vec<String> {
    let mut topics: Vec<String> =
        HandbookFiles::iter().filter_map(|file| Some(file.strip_suffix(".md")?.to_owned())).collect();
    topics.sort();
    topics
}

/// The Markdown of a topic.
pub fn find_topic(name: &str) -> Option<String> {
    let file = HandbookFiles::get(&format!("{name}.md"))?;
    Some(String::from_utf8_lossy(&file.data).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_topic_is_found_by_its_name() {
        let topics = topics();
        assert!(topics.iter().any(|topic| topic == "index") && topics.iter().any(|topic| topic == "roll-back"));
        assert!(topics.iter().all(|topic| find_topic(topic).unwrap().starts_with("# ")));
        assert!(find_topic("nothing").is_none() && find_topic("../css/admin.css").is_none());
    }
}
