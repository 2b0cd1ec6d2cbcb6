//! A data file planted by `atlas seed`: what somebody finds who wants to look around.

use super::browser::Device;
use super::person::Person;
use super::server::Server;

/// One of the people that `atlas seed` plants, signed in and looking at the day.
pub async fn ines(device: Device) -> Person {
    let ines = Person::with(device, Server::seeded()).await;
    signs_in(&ines).await;
    ines
}

/// Signs that person in.
pub async fn signs_in(ines: &Person) {
    ines.visits("/sign-in").await;
    ines.signs_in("ines@example.com", "plenty of quiet mornings").await;
    ines.is_on("/today").await;
}

#[tokio::test]
async fn a_planted_person_signs_in_with_the_printed_password_and_finds_habits() {
    let ines = ines(Device::DESKTOP).await;
    ines.sees("Stretch before coffee").await;
    ines.sees("Read 10 pages").await;
    ines.presses("Habits").await;
    ines.is_on("/habits").await;
    ines.sees("Run along the river").await;
    ines.sees("Tue, Thu, Sat").await;
}
