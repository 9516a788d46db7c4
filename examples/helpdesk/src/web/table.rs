//! [`Table`]: the routes, each with who may use it. A route cannot be added without saying so.

use axum::Router;
use axum::handler::Handler;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, post, put};

use super::{App, signed};

/// Who may use a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Who {
    /// Everybody: signing in, and what the page for it is made of.
    Anyone,
    /// An agent who has signed in.
    Agent,
    /// An administrator who has signed in.
    Administrator,
}

/// What a route does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// Shows something.
    Get,
    /// Does something.
    Post,
    /// Makes something so (REST API).
    Put,
    /// Removes something (REST API).
    Delete,
}

/// A route, as it was declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// What it does.
    pub verb: Verb,
    /// Its path, in the language of `axum`.
    pub path: &'static str,
    /// Who may use it.
    pub who: Who,
}

/// The routes and their handlers.
#[derive(Debug)]
pub struct Table {
    app: App,
    router: Router<App>,
    routes: Vec<Route>,
}

impl Table {
    /// A table without routes.
    pub fn new(app: &App) -> Self {
        Self { app: app.clone(), router: Router::new(), routes: Vec::new() }
    }

    /// Adds a route that shows something.
    #[must_use]
    pub fn get<T: 'static>(self, who: Who, path: &'static str, handler: impl Handler<T, App>) -> Self {
        self.add(Route { verb: Verb::Get, path, who }, get(handler))
    }

    /// Adds a route that does something.
    #[must_use]
    pub fn post<T: 'static>(self, who: Who, path: &'static str, handler: impl Handler<T, App>) -> Self {
        self.add(Route { verb: Verb::Post, path, who }, post(handler))
    }

    /// Adds a route that makes something so.
    #[must_use]
    pub fn put<T: 'static>(self, who: Who, path: &'static str, handler: impl Handler<T, App>) -> Self {
        self.add(Route { verb: Verb::Put, path, who }, put(handler))
    }

    /// Adds a route that removes something.
    #[must_use]
    pub fn delete<T: 'static>(self, who: Who, path: &'static str, handler: impl Handler<T, App>) -> Self {
        self.add(Route { verb: Verb::Delete, path, who }, delete(handler))
    }

    /// Adds the routes of a screen.
    #[must_use]
    pub fn with(self, screen: impl FnOnce(Self) -> Self) -> Self {
        screen(self)
    }

    fn add(mut self, route: Route, handler: MethodRouter<App>) -> Self {
        let app = self.app.clone();
        let handler = match route.who {
            Who::Anyone => handler,
            Who::Agent => handler.route_layer(from_fn_with_state(app, signed::agents_only)),
            Who::Administrator => handler.route_layer(from_fn_with_state(app, signed::administrators_only)),
        };
        self.router = self.router.route(route.path, handler);
        self.routes.push(route);
        self
    }

    /// The router, and the routes as they were declared.
    pub fn into_parts(self) -> (Router<App>, Vec<Route>) {
        (self.router, self.routes)
    }
}
