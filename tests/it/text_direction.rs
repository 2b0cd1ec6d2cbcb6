//! Titles and names in languages that are written from right to left.

use serde_json::json;

use super::world::World;

const TITLE: &str = "קריאה לפני השינה";
const DESCRIPTION: &str = "עשרה עמודים";
const NAME: &str = "עדה";

#[tokio::test]
async fn what_people_type_has_a_direction_of_its_own_on_every_page() {
    let world = World::new().await;
    let ada = world.signed_in_user("ada").await;
    let habit = ada.create_habit(TITLE).await;
    let change = json!({ "description": DESCRIPTION });
    ada.send_json("PUT", &format!("/api/habits/{habit}"), &change).await.assert_status(200);
    ada.send_json("PUT", "/api/account", &json!({ "displayName": NAME })).await.assert_status(200);
    let mut shown = 0;
    for path in ["/today", "/habits", &format!("/habits/{habit}"), "/insights", "/account"] {
        let page = ada.get(path).await.assert_status(200).text();
        for text in [TITLE, DESCRIPTION, NAME] {
            for (before, _) in page.match_indices(&format!(">{text}<")) {
                let tag = &page[page[..before].rfind('<').unwrap()..before];
                let has_direction = tag.contains("dir=\"auto\"") || tag == "<bdi" || tag.starts_with("<title");
                assert!(has_direction, "{path}: {tag}>{text}");
                shown += 1;
            }
        }
        for (before, _) in page.match_indices("<textarea") {
            assert!(page[before..].split('>').next().unwrap().contains("dir=\"auto\""), "{path}");
        }
    }
    assert!(shown >= 3, "the pages show what was typed: {shown}");
}
