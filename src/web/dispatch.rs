//! From a request to its handler: the gate, the route, the origin, who asks, how often. In that order, for every route.
//! And back: what the route may compress is compressed.

use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::{Buf, Bytes};
use futures_util::{Stream, StreamExt};
use warp::filters::BoxedFilter;
use warp::http::{Method, StatusCode};
use warp::{Filter, Reply};

use super::body::Body;
use super::cache::Wanted;
use super::face::Face;
use super::failure::Failure;
use super::limits::{Count, Limit};
use super::reply::{self, Answer, code};
use super::routes::{Route, Routes, Who, allowed};
use super::site::Site;
use super::visit::{Asked, Parts, Visit};
use super::{encoding, gate, operator, origin, target};
use crate::app::{admin, sessions};
use crate::domain::Refusal;
use crate::pages;

/// The one warp filter. What was asked is handed over by the front door as it is; only the body goes through warp, and
/// nothing is rejected: every "no" is an answer.
pub fn filter(site: Arc<Site>, routes: Arc<Routes>) -> BoxedFilter<(warp::reply::Response,)> {
    warp::ext::optional::<Arc<Asked>>()
        .and(warp::body::stream())
        .then(move |asked: Option<Arc<Asked>>, body| {
            let body = Mutex::new(Some(bytes_of(body)));
            let visit = asked.map(|asked| {
                let site = Arc::clone(&site);
                Visit { site, asked, parts: Vec::new(), member: None, body }
            });
            let routes = Arc::clone(&routes);
            async move {
                match visit {
                    Some(visit) => Ok::<_, Infallible>(answer(&routes, visit).await),
                    // Only a request that did not come through the front door.
                    None => Ok(reply::failure(StatusCode::INTERNAL_SERVER_ERROR, code::INTERNAL_ERROR, "", &[])),
                }
            }
        })
        .map(|answer: Result<Answer, Infallible>| match answer {
            Ok(answer) => answer.into_response(),
            Err(never) => match never {},
        })
        .boxed()
}

fn bytes_of(body: impl Stream<Item = Result<impl Buf, warp::Error>> + Send + 'static) -> Body {
    Box::pin(body.map(|chunk| chunk.map(|mut chunk| -> Bytes { chunk.copy_to_bytes(chunk.remaining()) })))
}

async fn answer(routes: &Routes, mut visit: Visit) -> Answer {
    let site = Arc::clone(&visit.site);
    let asked = Arc::clone(&visit.asked);
    let (path, face, safe) = (asked.path(), Face::of(asked.path()), asked.method.is_safe());
    // Before anything is read for the answer, so that whatever is committed meanwhile counts as a change of it.
    let since = site.app.store.moment();
    let (mut gzip, mut count, mut wanted) = (None, None, None);

    let result = match choose(&visit, routes, face) {
        Ok((route, parts)) => {
            let _ = asked.trace.route.set(route.path);
            gzip = route.gzip.then(|| encoding::accepts(&asked.headers, "gzip"));
            visit.parts = parts;
            let admitted = admit(&mut visit, route.who).and_then(|()| {
                count = counted(&visit, route.limit);
                count.as_ref().map_or(Ok(()), |count| Ok(count.check()?))
            });
            match (admitted, route.refused) {
                (Ok(()), _) => {
                    wanted = if route.cached { Wanted::of(&visit, gzip == Some(true), since) } else { None };
                    if let Some(page) = wanted.as_ref().and_then(|wanted| site.pages.find(&site.app, wanted)) {
                        return page;
                    }
                    (route.handler)(visit).await
                }
                (Err(Failure::Refused(why @ Refusal::TooMany(_))), Some(refused)) => refused(visit, why).await,
                (Err(failure), _) => Err(failure),
            }
        }
        Err(failure) => Err(failure),
    };
    let mut answer = result.unwrap_or_else(|failure| match (failure, face) {
        (Failure::SignedOut, Face::Page) if safe => {
            reply::elsewhere(&target::sign_in_from(path, asked.uri.query().unwrap_or_default()))
        }
        (Failure::SignedOut, Face::Page) => reply::see_other(&target::sign_in_from(shown_above(routes, path), "")),
        (Failure::Refused(Refusal::SecondFactorWanted), Face::Page) => reply::see_other(pages::two_factor::ADDRESS),
        (Failure::Refused(Refusal::NotAdmin), Face::Page) if safe => reply::elsewhere("/today"),
        (Failure::Refused(Refusal::NotAdmin), Face::Page) => reply::see_other("/today"),
        (failure, face) => failure.answer(face, &site.frame(None), &asked.trace.id),
    });
    if let Some(count) = count {
        count.tell(&mut answer);
    }
    if let Some(accepted) = gzip {
        answer = encoding::pack(answer, accepted);
    }
    match wanted {
        Some(wanted) => site.pages.keep(&site.app, &wanted, answer),
        None => answer,
    }
}

/// How often whoever asks has called a route that may be called so often only.
fn counted(visit: &Visit, limit: Option<Limit>) -> Option<Count> {
    let (limits, limit) = visit.site.limits.as_ref().zip(limit)?;
    let account = visit.maybe_member().map(|member| member.id);
    Some(limits.count(&limit, visit.address(), account, visit.site.app.clock.now()))
}

/// The page that somebody who posted to `path` was on, as far as paths tell: the nearest one above that can be opened.
fn shown_above<'a>(routes: &Routes, mut path: &'a str) -> &'a str {
    let opens =
        |path| routes.at(path).is_some_and(|(routes, _)| routes.iter().any(|route| route.method == Method::GET));
    while !path.is_empty() && !opens(path) {
        path = path.rsplit_once('/').map_or("", |(above, _)| above);
    }
    if path.is_empty() { "/" } else { path }
}

/// The route, if this request may use it as far as can be told without knowing who asks.
fn choose(visit: &Visit, routes: &Routes, face: Face) -> Result<(Route, Parts), Failure> {
    let (site, asked) = (&visit.site, &visit.asked);
    // hyper knows that HEAD was asked and sends no body.
    let method = if asked.method == Method::HEAD { &Method::GET } else { &asked.method };
    let found = routes.at(asked.path());
    let open = found.as_ref().is_some_and(|(routes, _)| routes.iter().all(|route| route.who == Who::Probe));
    if !open {
        gate::admit(site, visit.address(), &asked.headers)?;
    }
    let (routes, parts) = found.ok_or(Failure::NotFound)?;
    if let Some(route) = routes.iter().find(|route| route.who == Who::Operator) {
        // Who is turned away is told nothing; the log tells operators where it was tried.
        let _ = asked.trace.route.set(route.path);
        operator::admit(visit)?;
    }
    let route = routes.iter().find(|route| route.method == method).ok_or_else(|| Failure::Method(allowed(routes)))?;
    if !origin::may_write(method, &asked.headers, face, &site.origins) {
        return Err(Failure::CrossSite);
    }
    Ok((*route, parts))
}

/// Finds out who asks, and lets through only whom the route is for.
fn admit(visit: &mut Visit, who: Who) -> Result<(), Failure> {
    match who {
        // Whoever holds no token was not even told that there is a route.
        Who::Probe | Who::Operator => return Ok(()),
        Who::Anyone | Who::Member | Who::Admin => {}
    }
    if let Some(token) = visit.site.cookie.read(&visit.headers) {
        visit.member = sessions::member(&visit.site.app, token)?;
    }
    if let Some(member) = &visit.member {
        let _ = visit.trace.person.set(member.account.id);
    }
    match (&visit.member, who) {
        (None, Who::Member | Who::Admin) => Err(Failure::SignedOut),
        (Some(member), _) => {
            if who == Who::Admin {
                admin::admit(&visit.site.app, &member.account)?;
            }
            if member.session.wants_touch(visit.site.app.clock.now()) {
                let (site, hash) = (Arc::clone(&visit.site), member.hash);
                // Nobody waits for this note, and losing one does no harm.
                tokio::spawn(async move { sessions::touch(&site.app, hash).await });
            }
            Ok(())
        }
        (None, _) => Ok(()),
    }
}
