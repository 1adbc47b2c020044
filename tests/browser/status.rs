//! What a person sees, and what they can do without a mouse, without a script
//! and on a phone.

use sag_exporter::sim::NewUser;

use crate::browser;
use crate::daemon::{Config, Daemon};
use crate::simulator::{Simulator, quiet};

#[tokio::test(flavor = "multi_thread")]
async fn it_fits_and_can_be_read_by_everybody() {
    let (world, daemon) = site().await;
    let sag_id = world.sag_ids().remove(0);
    let new = NewUser::default();
    world.cloud.create_user(&sag_id, HOSTILE, new).unwrap();
    world.cloud.set_enabled(&sag_id, HOSTILE, false).unwrap();
    world.cloud.login(&sag_id, HOSTILE, None).unwrap();
    daemon
        .page_when("the rule finds the user", |page| {
            match page.sum("sag_anomalies", &[("rule", "disabled_online")]) {
                1.0 => Ok(()),
                found => Err(found),
            }
        })
        .await;
    browser::run("looks", &daemon, async |_| HOSTILE.to_owned()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_needs_no_mouse() {
    let (_world, daemon) = site().await;
    browser::run("keyboard", &daemon, async |what| what.to_owned()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_refreshes_itself_in_place() {
    let (world, daemon) = site().await;
    let sag_id = world.sag_ids().remove(0);
    let user = world.user(&sag_id, 0);
    let login = async |what: &str| {
        let login = world.cloud.login(&sag_id, &user, None);
        login.unwrap();
        what.to_owned()
    };
    browser::run("refreshes", &daemon, login).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_asks_nobody_while_nobody_looks() {
    let (_world, daemon) = site().await;
    browser::run("pauses", &daemon, async |what| what.to_owned()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_needs_no_script() {
    let (_world, daemon) = site().await;
    browser::run("stands_still", &daemon, async |what| what.to_owned()).await;
}

/// The program over a quiet world, after its first sweep.
async fn site() -> (Simulator, Daemon) {
    let world = Simulator::start(quiet(2, 20)).await;
    let daemon = Daemon::start(&Config::of(world.address)).await;
    daemon
        .page_when("the first sweep is complete", |page| {
            match page.sum("sag_up", &[]) {
                2.0 => Ok(()),
                up => Err(up),
            }
        })
        .await;
    (world, daemon)
}

/// A user name that would do something if it were more than text.
const HOSTILE: &str = "<img src=x onerror=\"alert(1)\"></main><script>alert('&amp;')</script>";
