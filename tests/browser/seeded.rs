//! A data file filled by `atlas seed`.

use super::browser::Device;
use super::browser_user::BrowserUser;
use super::server::Server;

/// Opens a browser in which Ines, one of the seeded users, is signed in and on the page of today.
pub async fn open_as_ines(device: Device) -> BrowserUser {
    let ines = BrowserUser::open(device, Server::start_seeded()).await;
    sign_in_as_ines(&ines).await;
    ines
}

pub async fn sign_in_as_ines(ines: &BrowserUser) {
    ines.visit("/sign-in").await;
    ines.sign_in("ines@example.com", "plenty of quiet mornings").await;
    ines.wait_for_path("/today").await;
}

#[tokio::test]
async fn a_seeded_user_signs_in_with_the_documented_password_and_sees_habits() {
    let ines = open_as_ines(Device::DESKTOP).await;
    ines.wait_for_text("Stretch before coffee").await;
    ines.wait_for_text("Read 10 pages").await;
    ines.press("Habits").await;
    ines.wait_for_path("/habits").await;
    ines.wait_for_text("Run along the river").await;
    ines.wait_for_text("Tue, Thu, Sat").await;
}
